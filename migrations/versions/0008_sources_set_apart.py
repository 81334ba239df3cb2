"""A person can say that a source is no practice, and the fingerprints of sources need the secret of the organization."""

import hashlib
import hmac
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
CHANGES = {"referral_source.key": "is keyed with the organization's secret; on the way back it needs none"}
KEY_BYTES, PART = 16, "\x1f"
NAMING = ("kind", "npi", "name", "provider_name", "city", "zip")
KINDS = ("practice", "patient", "advert", "self")


def upgrade() -> None:
    """Go to this schema."""
    says = " OR ".join(f"decided_kind = '{kind}'" for kind in KINDS)
    with op.batch_alter_table("referral_source") as table:
        table.add_column(sa.Column("decided_kind", sa.String(32), nullable=True))
        table.create_check_constraint("decided_kind", says)
    secret = op.get_bind().execute(sa.text("SELECT row_key_secret FROM organization")).scalar()
    _rekey(lambda row: _keyed(secret or "", bytes(row.key)))


def downgrade() -> None:
    """Go back to the schema before. A source whose name was not kept is never known again there."""
    _rekey(lambda row: _plain(row) if row.decided_kind is None or _is_named(row) else bytes(row.key))
    with op.batch_alter_table("referral_source") as table:
        table.drop_constraint("decided_kind", type_="check")
        table.drop_column("decided_kind")


def _is_named(row: Any) -> bool:
    return bool(row.name or row.provider_name or row.npi)


def _keyed(secret: str, digest: bytes) -> bytes:
    text = f"source{PART}{digest.hex()}"
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()[:KEY_BYTES]


def _plain(row: Any) -> bytes:
    # What a person said of it is not what the file says, by which it is known.
    said = [row.kind if row.decided_kind is None else "practice", *(getattr(row, name) or "" for name in NAMING[1:])]
    text = PART.join(said).casefold()
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()[:KEY_BYTES]


def _rekey(made: Callable[[Any], bytes]) -> None:
    names = ("id", "key", "decided_kind", *NAMING)
    table = sa.table("referral_source", *(sa.column(name) for name in names))
    rows = op.get_bind().execute(sa.select(table)).all()
    changes = [{"of_id": row.id, "made": made(row)} for row in rows]
    if changes:
        statement = sa.update(table).where(table.c.id == sa.bindparam("of_id"))
        op.get_bind().execute(statement.values(key=sa.bindparam("made", type_=sa.LargeBinary())), changes)
