"""Keys of imported rows lie in pages, some thousands in a row: they come and go with their import at once."""

import hashlib
import hmac
from collections.abc import Iterator
from itertools import groupby, islice
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
CHANGES = {
    "referral.row_key": "moves into pages",
    "referral_key": "is made into pages, and out of them on the way back",
    "referral_key_page": "is made out of the keys, and goes with them on the way back",
}
KEY_BYTES, PLACE_BYTES, PAGE_KEYS, PIECE = 16, 4, 4096, 2000
TYPED_IN, OF_IMPORT = 1 << 52, 1 << 32
SAID = ("practice_id", "month", "provider_id", "service_line_id", "site_id", "payer", "status")


def upgrade() -> None:
    """Go to this schema."""
    page = op.create_table(
        "referral_key_page",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("first_key", sa.LargeBinary(KEY_BYTES), nullable=False),
        sa.Column("last_key", sa.LargeBinary(KEY_BYTES), nullable=False),
        sa.Column("keys", sa.LargeBinary(), nullable=False),
        sa.Column("places", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"], ["referral_import.id"], ondelete="CASCADE",
            name="fk_referral_key_page_import_id_referral_import",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_referral_key_page"),
    )  # fmt: skip
    op.create_index("ix_referral_key_page_import", "referral_key_page", ["import_id"])
    rows = "SELECT import_id, row_key, id FROM referral WHERE import_id IS NOT NULL ORDER BY import_id, row_key"
    for import_id, of_import in groupby(_pieces(rows), key=lambda row: row.import_id):
        while some := list(islice(of_import, PAGE_KEYS)):
            op.bulk_insert(page, [_page(import_id, some)])
    op.drop_table("referral_key")
    op.drop_column("referral", "row_key")


def downgrade() -> None:
    """Go back to the schema before."""
    nothing = sa.text("x''" if op.get_bind().dialect.name == "sqlite" else "''::bytea")
    op.add_column("referral", sa.Column("row_key", sa.LargeBinary(KEY_BYTES), nullable=False, server_default=nothing))
    _write_keys(_keys_of_pages())
    _write_keys(_keys_of_others())
    op.drop_table("referral_key_page")
    op.create_table(
        "referral_key",
        sa.Column("row_key", sa.LargeBinary(KEY_BYTES), nullable=False),
        sa.Column("referral_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("row_key", name="pk_referral_key"),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO referral_key (row_key, referral_id) "
        "SELECT row_key, id FROM referral WHERE replaced_by IS NULL ORDER BY row_key"
    )


def _pieces(query: str) -> Iterator[Any]:
    yield from op.get_bind().execute(sa.text(query).execution_options(yield_per=PIECE))


def _page(import_id: int, rows: list[Any]) -> dict[str, Any]:
    keys = [bytes(row.row_key) for row in rows]
    places = (row.id - import_id * OF_IMPORT for row in rows)
    return {
        "import_id": import_id, "first_key": keys[0], "last_key": keys[-1], "keys": b"".join(keys),
        "places": b"".join(place.to_bytes(PLACE_BYTES, "little") for place in places),
    }  # fmt: skip


def _keys_of_pages() -> Iterator[dict[str, Any]]:
    for page in op.get_bind().execute(sa.text("SELECT import_id, keys, places FROM referral_key_page")).all():
        keys, places = bytes(page.keys), bytes(page.places)
        for n in range(len(keys) // KEY_BYTES):
            place = int.from_bytes(places[n * PLACE_BYTES : (n + 1) * PLACE_BYTES], "little")
            key = keys[n * KEY_BYTES : (n + 1) * KEY_BYTES]
            yield {"of_id": page.import_id * OF_IMPORT + place, "key": key}


def _keys_of_others() -> Iterator[dict[str, Any]]:
    """Rows that are in no page: typed in, or of the demonstration."""
    secret = op.get_bind().scalar(sa.text("SELECT row_key_secret FROM organization")) or ""
    rows = sa.text(f"SELECT id, received_on, {', '.join(SAID)} FROM referral WHERE row_key = :none")
    for row in op.get_bind().execute(rows, {"none": b""}).all():
        is_count = row.id >= TYPED_IN and row.received_on is None
        said = ["typed in", *(str(getattr(row, name)) for name in SAID)] if is_count else ["row", str(row.id)]
        digest = hmac.digest(secret.encode(), "\x1f".join(said).encode(), hashlib.sha256)
        yield {"of_id": row.id, "key": digest[:KEY_BYTES]}


def _write_keys(keys: Iterator[dict[str, Any]]) -> None:
    statement = sa.text("UPDATE referral SET row_key = :key WHERE id = :of_id")
    while some := list(islice(keys, PIECE)):
        op.get_bind().execute(statement, some)
