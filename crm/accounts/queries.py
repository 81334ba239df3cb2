"""Reads of the room accounts."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.accounts.models import Organization, SavedView, SignInAttempt, User, UserRole, UserSession
from crm.accounts.permissions import ROLE_PERMISSIONS, Permission, Role
from crm.accounts.viewer import Viewer
from crm.core.errors import NotFound


def find_organization(session: Session) -> Organization | None:
    """The organisation, or None before anything was set up."""
    return session.scalars(select(Organization).order_by(Organization.id).limit(1)).first()


def get_organization(session: Session) -> Organization:
    """The organisation of this installation."""
    found = find_organization(session)
    if found is None:
        raise NotFound("Rounds is not set up yet. Run: flask --app wsgi users create-admin")
    return found


def find_user(session: Session, user_id: int | None) -> User | None:
    """One user, or None."""
    return session.get(User, user_id) if user_id else None


def get_user(session: Session, user_id: int) -> User:
    """One user."""
    found = session.get(User, user_id)
    if found is None:
        raise NotFound
    return found


def find_user_by_email(session: Session, email: str) -> User | None:
    """The user with a normalised email address, or None."""
    return session.scalars(select(User).where(User.email == email)).first()


def count_users(session: Session) -> int:
    """How many accounts there are, disabled ones included."""
    return session.scalar(select(func.count()).select_from(User)) or 0


def list_users(session: Session, permission: Permission | None = None, *, include_disabled: bool = False) -> list[User]:
    """Users by name; with a permission, those whose roles hold it."""
    query = select(User).order_by(User.name, User.id)
    if not include_disabled:
        query = query.where(User.is_active)
    if permission:
        roles = [role for role in Role if permission in ROLE_PERMISSIONS[role]]
        query = query.where(User.roles.any(UserRole.role.in_(roles)))
    return list(session.scalars(query))


def user_names(session: Session) -> dict[int, str]:
    """Every user's name by id, disabled ones included; for labels."""
    return {row.id: row.name for row in session.execute(select(User.id, User.name))}


def find_session(session: Session, token_hash: str) -> UserSession | None:
    """The sign-in that a cookie belongs to, with its user, roles and territories."""
    return session.scalars(select(UserSession).where(UserSession.token_hash == token_hash)).first()


def list_sessions(session: Session, user_id: int) -> list[UserSession]:
    """A person's sign-ins, the latest used first."""
    query = select(UserSession).where(UserSession.user_id == user_id).order_by(UserSession.last_used_at.desc())
    return list(session.scalars(query))


def count_attempts(session: Session, since: datetime, *, account_hash: str, address: str) -> tuple[int, int]:
    """Failed sign-ins since a moment: for one account, and from one address."""
    recent = select(func.count()).select_from(SignInAttempt).where(SignInAttempt.tried_at > since)
    by_account = session.scalar(recent.where(SignInAttempt.account_hash == account_hash)) or 0
    by_address = session.scalar(recent.where(SignInAttempt.address == address)) or 0
    return by_account, by_address


def viewer_of(user: User) -> Viewer:
    """The viewer that a user is."""
    return Viewer(
        id=user.id,
        name=user.name,
        roles=frozenset(user.role_set),
        own_territory_ids=frozenset(row.territory_id for row in user.territories),
    )


def list_saved_views(session: Session, viewer: Viewer, page: str) -> list[SavedView]:
    """A person's saved views of one list."""
    query = select(SavedView).where(SavedView.user_id == viewer.id, SavedView.page == page).order_by(SavedView.name)
    return list(session.scalars(query))


def get_saved_view(session: Session, viewer: Viewer, view_id: int) -> SavedView:
    """One of a person's own saved views."""
    found = session.get(SavedView, view_id)
    if found is None or found.user_id != viewer.id:
        raise NotFound
    return found
