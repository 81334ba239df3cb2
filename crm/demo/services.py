"""Makes the demo organization: builds it, writes it, and hands out freshly made passwords."""

import os
import secrets
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.accounts.models import Organization, User
from crm.accounts.passwords import hash_password
from crm.accounts.services import first_password
from crm.audit.models import Action
from crm.audit.trail import record
from crm.core import bulk, clock
from crm.core.db import Base
from crm.core.errors import Conflict
from crm.demo.users import Person
from crm.demo.world import build_world
from crm.demo.writing import write_world
from crm.directory.models import Practice
from crm.referrals.rollup import rebuild_rollup

DEFAULT_SEED = 7
PASSWORD_FILE = "demo-passwords.txt"  # noqa: S105 a file name


@dataclass(frozen=True)
class Made:
    """What was made: how much of it, and the passwords by e-mail address, which nobody can read again."""

    counts: dict[str, int]
    passwords: dict[str, str]


def create_demo(
    session: Session, *, scale: str, data_dir: Path, seed: int = DEFAULT_SEED, today: date | None = None
) -> Made:
    """Fill an empty database with the demo organization. The caller commits."""
    _check_empty(session)
    people: dict[str, Person] = {}
    passwords: dict[str, str] = {}
    # Nobody is told this one: further liaisons of large demos cannot sign in.
    unknown = hash_password(secrets.token_urlsafe(32))

    def hash_of(person: Person) -> str:
        if not person.is_named:
            return unknown
        people[person.email], passwords[person.email] = person, first_password()
        return hash_password(passwords[person.email])

    world = build_world(scale, seed, today or clock.today(), hash_of=hash_of, row_key_secret=secrets.token_hex(32))
    write_world(session, world)
    rebuild_rollup(session)
    bulk.look_over(session, *Base.metadata.sorted_tables)
    record(session, Action.CREATED, "organization", object_id=1, label="Demo organization", scale=scale, seed=seed)
    _write_passwords(data_dir, people, passwords)
    return Made({table: world.count(table) for table in world.tables}, passwords)


def password_file(data_dir: Path) -> Path:
    """Where the passwords of the demo people are kept, readable by the owner of the installation only."""
    return data_dir / PASSWORD_FILE


def _check_empty(session: Session) -> None:
    if any(session.scalar(select(model.id).limit(1)) for model in (User, Practice, Organization)):
        raise Conflict("There are accounts or practices already. The demo organization needs an empty database.")


def _write_passwords(data_dir: Path, people: dict[str, Person], passwords: dict[str, str]) -> None:
    data_dir.mkdir(parents=True, exist_ok=True)
    path = password_file(data_dir)
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        for email, password in passwords.items():
            person = people[email]
            file.write(f"{person.role.label:17} {person.name:15} {email:34} {password}\n")
