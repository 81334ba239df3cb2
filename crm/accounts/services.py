"""Writes of the room accounts: users, passwords, the organisation, saved views."""

import secrets
import unicodedata
from datetime import timedelta

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from crm.accounts import queries, sign_in
from crm.accounts.models import Organization, SavedView, User, UserRole, UserSession, UserTerritory
from crm.accounts.passwords import check_password, hash_password, is_password
from crm.accounts.permissions import Role
from crm.accounts.viewer import Viewer
from crm.core import clock
from crm.core.db import check_version
from crm.core.errors import Conflict, Invalid

MAX_VIEWS = 30
TEMPORARY_FOR = timedelta(days=3)  # over a weekend


def normalize_email(text: str) -> str:
    """An address in the one form in which it is compared: NFKC, lower case. Raises Invalid."""
    try:
        checked = validate_email(unicodedata.normalize("NFKC", text).strip(), check_deliverability=False)
    except EmailNotValidError:
        raise Invalid(email="This is not an email address.") from None
    return checked.normalized.lower()


def set_up_organization(session: Session, *, name: str, city: str = "", is_demo: bool = False) -> Organization:
    """Make the organisation's row, once."""
    if queries.find_organization(session):
        raise Conflict("The organization is set up already.")
    organization = Organization(name=name, city=city, row_key_secret=secrets.token_hex(32), is_demo=is_demo)
    session.add(organization)
    session.flush()
    return organization


def change_organization(
    session: Session, organization: Organization, values: dict[str, object], *, version: int | None
) -> None:
    """Change the organisation's settings."""
    check_version(organization, version)
    for name, value in values.items():
        setattr(organization, name, value)
    session.flush()


def create_user(
    session: Session,
    *,
    email: str,
    name: str,
    password: str,
    roles: set[Role],
    territory_ids: set[int] = frozenset(),  # type: ignore[assignment]
    is_temporary: bool = False,
) -> User:
    """Make an account. The password is checked against the rules."""
    address = normalize_email(email)
    if queries.find_user_by_email(session, address):
        raise Invalid(email="Somebody has an account with this address already.")
    if not roles:
        raise Invalid(roles="Choose at least one role.")
    organization = queries.find_organization(session)
    check_password(password, about=(name, address, organization.name if organization else ""))
    user = User(
        email=address, name=name, password_hash=hash_password(password),
        temporary_until=clock.now() + TEMPORARY_FOR if is_temporary else None,
    )  # fmt: skip
    user.roles = [UserRole(role=role) for role in sorted(roles)]
    user.territories = [UserTerritory(territory_id=i) for i in sorted(territory_ids)]
    session.add(user)
    session.flush()
    return user


def change_user(
    session: Session,
    user: User,
    *,
    name: str,
    email: str,
    roles: set[Role],
    territory_ids: set[int],
    is_active: bool,
    version: int | None,
) -> None:
    """Change an account. Disabling it, or taking a role away, ends its sessions; the last administrator stays."""
    check_version(user, version)
    address = normalize_email(email)
    other = queries.find_user_by_email(session, address)
    if other is not None and other.id != user.id:
        raise Invalid(email="Somebody else has an account with this address.")
    if not roles:
        raise Invalid(roles="Choose at least one role.")
    # Two administrators who take each other's role at the same moment wait for each other here.
    session.execute(select(Organization.id).with_for_update())
    keeps_admin = is_active and Role.ADMIN in roles
    if Role.ADMIN in user.role_set and user.is_active and not keeps_admin and _is_last_admin(session, user):
        raise Invalid(roles="This is the only administrator. Make somebody else one first.")
    loses_rights = not is_active or user.role_set != roles
    user.name, user.email, user.is_active = name, address, is_active
    user.roles = [row for row in user.roles if row.role in roles] + [
        UserRole(role=role) for role in sorted(roles - user.role_set)
    ]
    held = {row.territory_id for row in user.territories}
    user.territories = [row for row in user.territories if row.territory_id in territory_ids] + [
        UserTerritory(territory_id=i) for i in sorted(territory_ids - held)
    ]
    user.updated_at = clock.now()
    session.flush()
    if loses_rights:
        end_sessions(session, user.id)


def _is_last_admin(session: Session, user: User) -> bool:
    others = (
        select(func.count())
        .select_from(User)
        .where(User.is_active, User.id != user.id, User.roles.any(UserRole.role == Role.ADMIN))
    )
    return not session.scalar(others)


def change_password(session: Session, user: User, *, current: str, new: str, keep_session: int | None) -> None:
    """Change one's own password; every other sign-in ends."""
    if not is_password(current, user.password_hash):
        raise Invalid(current="This is not your current password.")
    if is_password(new, user.password_hash):
        raise Invalid(password="This is the password that you have now. Choose another one.")  # noqa: S106 a sentence
    set_password(session, user, new)
    end_sessions(session, user.id, keep=keep_session)


def set_password(session: Session, user: User, password: str) -> None:
    """Set a password of one's own, after checking it against the rules."""
    check_password(password, about=(user.name, user.email, queries.get_organization(session).name))
    user.password_hash = hash_password(password)
    user.temporary_until = None
    sign_in.forgive(session, user.email)
    session.flush()


def first_password() -> str:
    """A temporary password with 96 random bits, easy to read out."""
    return "-".join(secrets.token_hex(3) for _ in range(4))


def reset_password(session: Session, user: User) -> str:
    """Give a user a new temporary password, which is told once and lasts three days; all their sessions end."""
    password = first_password()
    user.password_hash = hash_password(password)
    user.temporary_until = clock.now() + TEMPORARY_FOR
    sign_in.forgive(session, user.email)
    session.flush()
    end_sessions(session, user.id)
    return password


def end_sessions(session: Session, user_id: int, *, keep: int | None = None) -> None:
    """End a person's sign-ins, but for the one to keep."""
    query = delete(UserSession).where(UserSession.user_id == user_id)
    session.execute(query if keep is None else query.where(UserSession.id != keep))


def save_view(session: Session, viewer: Viewer, *, page: str, name: str, query: str) -> SavedView:
    """Keep a list's filters under a name; the same name again replaces them."""
    views = queries.list_saved_views(session, viewer, page)
    found = next((view for view in views if view.name.lower() == name.lower()), None)
    if found is None:
        if len(views) >= MAX_VIEWS:
            raise Invalid(name=f"You have {MAX_VIEWS} views here already. Delete one first.")
        found = SavedView(user_id=viewer.id, page=page, name=name, query="")
        session.add(found)
    found.query = query
    session.flush()
    return found


def delete_view(session: Session, viewer: Viewer, view_id: int) -> None:
    """Delete one of a person's own saved views."""
    session.delete(queries.get_saved_view(session, viewer, view_id))
    session.flush()
