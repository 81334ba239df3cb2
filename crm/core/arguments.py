"""Days and words out of a query string; whatever is no such thing counts as not given."""

from datetime import date

from flask import request

MAX_WORDS = 100
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2100, 1, 1)


def arg_day(name: str) -> date | None:
    """A day of this century, written 2026-11-24."""
    try:
        day = date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return None
    return day if FIRST_DAY <= day <= LAST_DAY else None


def arg_words(name: str) -> str:
    """What somebody looks for, in one line that every database takes."""
    return plain_words(request.args.get(name, ""))


def plain_words(text: str) -> str:
    """Text without what no database can store, in one line of at most 100 characters."""
    return " ".join(text.replace("\x00", " ").encode("utf-8", "ignore").decode().split())[:MAX_WORDS]
