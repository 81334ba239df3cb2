"""Commands of the room accounts: `flask --app wsgi users ...`."""

import click
from flask_migrate import upgrade

from crm.accounts import queries, services
from crm.accounts.permissions import Role
from crm.core.commands import Commands
from crm.core.db import commit, db
from crm.core.errors import RoundsError

cli = Commands("users", help="Accounts of the people who sign in.")


@cli.command("create-admin")
@click.option("--email", prompt="Work email")
@click.option("--name", prompt="Name")
@click.option("--organization", default="", help="Name of your organization; can be changed later.")
@click.password_option(help="At least 15 characters.")
def create_admin(email: str, name: str, organization: str, password: str) -> None:
    """Set Rounds up empty, with its first administrator (who is also outreach manager, until others are added)."""
    upgrade()
    if queries.count_users(db.session()):
        raise click.ClickException("There are accounts already. Sign in as an administrator to add people.")
    try:
        if queries.find_organization(db.session()) is None:
            services.set_up_organization(db.session(), name=organization or "Our organization")
        user = services.create_user(
            db.session(), email=email, name=name, password=password, roles={Role.ADMIN, Role.MANAGER}
        )
    except RoundsError as problem:
        db.session.rollback()
        raise click.ClickException(problem.says) from None
    commit()
    click.echo(f"{user.name} can sign in now with {user.email}. Start Rounds with: make run")


@cli.command("reset-password")
@click.argument("email")
def reset_password(email: str) -> None:
    """Give somebody a temporary password, shown once here."""
    user = queries.find_user_by_email(db.session(), email.strip().lower())
    if user is None:
        raise click.ClickException("There is no account with this email address.")
    password = services.reset_password(db.session(), user)
    commit()
    click.echo(f"Temporary password of {user.email}, for three days: {password}")


@cli.command("list")
def list_accounts() -> None:
    """Show who has an account."""
    for user in queries.list_users(db.session(), include_disabled=True):
        roles = ", ".join(sorted(role.label for role in user.role_set))
        click.echo(f"{user.email}\t{user.name}\t{roles}\t{'active' if user.is_active else 'closed'}")
