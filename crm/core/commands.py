"""Groups of commands that answer trouble with the database in one line instead of the program's inside."""

from typing import Any

import click
from flask.cli import AppGroup
from sqlalchemy.exc import DBAPIError

NOT_SET_UP = "The database is not set up, or not at its newest. Run: flask --app wsgi db upgrade"
BUSY = "The database is busy: somebody else is writing. Nothing was changed; try again in a moment."
SILENT = "The database does not answer. Check DATABASE_URL, and that its server runs."
# What the two databases say, in lower case.
SIGNS = (
    (("no such table", "no such column", "undefinedtable", "undefinedcolumn"), NOT_SET_UP),
    (("database is locked", "locktimeout", "lock timeout", "deadlock"), BUSY),
    (("unable to open database", "connection", "starting up", "shutting down"), SILENT),
)


class Commands(AppGroup):
    """A group of commands, each with the application's context."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except DBAPIError as problem:
            says = words_of(problem)
            if says is None:
                raise
            raise click.ClickException(says) from None


def words_of(problem: DBAPIError) -> str | None:
    """What to tell; None for trouble that nobody has foreseen."""
    found = f"{type(problem.orig).__name__} {problem.orig}".lower()
    return next((says for words, says in SIGNS if any(word in found for word in words)), None)
