"""Signing in and out: throttled, in constant time, with sessions that live in the database and really end."""

import hashlib
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from crm.accounts import queries
from crm.accounts.models import SignInAttempt, User, UserSession
from crm.accounts.passwords import hash_password, is_password, needs_rehash
from crm.core import clock
from crm.core.db import db, separate_transaction
from crm.core.errors import TooMany

WINDOW = timedelta(minutes=15)
MAX_PER_ACCOUNT = 10
MAX_PER_ADDRESS = 50
# NIST SP 800-63B-4: after so many failures in a row the password is worth nothing until a new one is given.
MAX_IN_A_ROW, KEPT = 100, timedelta(days=30)
TOUCH_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class Limits:
    """How long a sign-in lasts: unused, and altogether."""

    idle: timedelta
    absolute: timedelta


def fingerprint(text: str) -> str:
    """What is stored in place of a secret or an address: its SHA-256."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def check_throttle(session: Session, email: str, address: str) -> None:
    """Raise TooMany after too many failures for this account or from this address."""
    if failures_in_a_row(session, email) >= MAX_IN_A_ROW:
        raise TooMany("Too many failed tries. An administrator can give you a new password.", retry_after=86_400)
    by_account, by_address = queries.count_attempts(
        session, clock.now() - WINDOW, account_hash=_account(email), address=address
    )
    if by_account >= MAX_PER_ACCOUNT or by_address >= MAX_PER_ADDRESS:
        raise TooMany(
            "Too many failed tries. Wait 15 minutes, then try again.", retry_after=int(WINDOW.total_seconds())
        )


def find_signing_in(email: str, password: str, address: str) -> User | None:
    """The active user with this email and password, or None; a failure is counted.

    No transaction is open while the password is hashed: that takes 30 ms in which others may write.
    """
    check_throttle(db.session(), email, address)
    user = find_account(db.session(), email)
    hashed, user_id, is_active = (user.password_hash, user.id, user.is_active) if user else (None, None, False)
    db.session.rollback()
    matches = is_password(password, hashed)
    with separate_transaction() as session:
        if matches and is_active:
            forgive(session, email)
        else:
            note_failure(session, email, address)
        session.execute(delete(SignInAttempt).where(SignInAttempt.tried_at < clock.now() - KEPT))
    return queries.find_user(db.session(), user_id) if matches and is_active else None


def is_expired(user: User) -> bool:
    """Whether the password is a temporary one that was not used in time. Only who knows it may be told."""
    return user.temporary_until is not None and user.temporary_until < clock.now()


def find_account(session: Session, email: str) -> User | None:
    """The account that somebody who typed this address means, if there is one."""
    return queries.find_user_by_email(session, _plain(email))


def note_failure(session: Session, email: str, address: str) -> None:
    """Count a wrong password."""
    session.add(SignInAttempt(account_hash=_account(email), address=address, tried_at=clock.now()))


def forgive(session: Session, email: str) -> None:
    """Count an account's failures from nothing again: somebody signed in, or got a new password."""
    session.execute(delete(SignInAttempt).where(SignInAttempt.account_hash == _account(email)))


def failures_in_a_row(session: Session, email: str) -> int:
    """How many wrong passwords were tried for an account since the last right one."""
    since = clock.now() - KEPT
    return queries.count_attempts(session, since, account_hash=_account(email), address="")[0]


def _account(email: str) -> str:
    return fingerprint(_plain(email))


def _plain(email: str) -> str:
    return unicodedata.normalize("NFKC", email).strip().lower()


def start_session(session: Session, user: User, *, password: str, address: str, device: str) -> str:
    """Open a sign-in and return its token, which only the cookie knows."""
    if needs_rehash(user.password_hash):
        user.password_hash = hash_password(password)
    return open_session(session, user, address=address, device=device)


def open_session(session: Session, user: User, *, address: str = "", device: str = "") -> str:
    """Make the row of a sign-in and return its token (256 random bits)."""
    token = secrets.token_urlsafe(32)
    now = clock.now()
    session.add(
        UserSession(
            token_hash=fingerprint(token), user_id=user.id, started_at=now, last_used_at=now,
            address=address[:60], device=device[:200],
        )
    )  # fmt: skip
    session.flush()
    return token


def is_over(row: UserSession, limits: Limits, now: datetime) -> bool:
    """Whether a sign-in has run out, or its user was disabled."""
    return not row.user.is_active or now - row.last_used_at > limits.idle or now - row.started_at > limits.absolute


def needs_touch(row: UserSession, now: datetime) -> bool:
    """Whether the time of last use is old enough to be written anew."""
    return now - row.last_used_at > TOUCH_EVERY


def touch(session_id: int) -> None:
    """Note that a sign-in was used just now."""
    with separate_transaction() as session:
        row = session.get(UserSession, session_id)
        if row is not None:
            row.last_used_at = clock.now()


def sweep(session: Session, limits: Limits) -> None:
    """Remove sign-ins that have run out."""
    now = clock.now()
    session.execute(
        delete(UserSession).where(
            (UserSession.last_used_at < now - limits.idle) | (UserSession.started_at < now - limits.absolute)
        )
    )
