"""The rollups count rows of referrals: a row that counts 0 is none, and makes no cell of its own."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
SUMS = (
    "entries", "received", "scheduled", "seen", "declined", "lost", "billed_cents", "paid_cents", "net_cents", "priced",
)  # fmt: skip
KEYS: dict[str, tuple[str, ...]] = {
    "referral_practice_month": ("month", "practice_id"),
    "referral_line_month": ("month", "service_line_id", "practice_id"),
    "referral_total_month": ("month", "service_line_id", "site_id", "payer"),
}
CHANGES = dict.fromkeys(KEYS, "rows that count 0 are no entries, and on the way back they are") | {
    "referral_import.has_own_layer": "is no longer exactly the rows of an import with rows that count 0"
}
COUNTED = """
    (import_id IS NULL OR import_id IN (SELECT id FROM referral_import WHERE state IN ('done', 'taking_back')))
    AND (replaced_by IS NULL
         OR replaced_by NOT IN (SELECT id FROM referral_import WHERE state IN ('done', 'taking_back')))
"""


def upgrade() -> None:
    """Go to this schema."""
    _count_nothing(-1)


def downgrade() -> None:
    """Go back to the schema before."""
    _count_nothing(1)


def _count_nothing(sign: int) -> None:
    """Add the rows that count 0 to the entries of their cells in layer 0, or take them away."""
    run = op.get_bind().execute
    run(sa.text(
        "UPDATE referral_import SET has_own_layer = false WHERE has_own_layer AND id IN "
        "(SELECT import_id FROM referral WHERE count = 0 AND import_id IS NOT NULL)"
    ))  # fmt: skip
    for name, keys in KEYS.items():
        found = run(sa.text(_nothing(keys))).mappings().all()
        if found:
            run(sa.text(_adding(name, keys)), [_cell(name, row, sign) for row in found])
        is_empty = " AND ".join(f"{column} = 0" for column in _sums(name))
        run(sa.text(f"DELETE FROM {name} WHERE layer = 0 AND {is_empty}"))


def _sums(name: str) -> tuple[str, ...]:
    return (*SUMS, "matched", "apart") if name == "referral_total_month" else SUMS


def _nothing(keys: tuple[str, ...]) -> str:
    named = [key if key in ("month", "payer") else f"COALESCE({key}, 0)" for key in keys]
    columns = ", ".join(f"{text} AS {key}" for text, key in zip(named, keys, strict=True))
    return (
        f"SELECT {columns}, count(*) AS entries FROM referral WHERE count = 0 AND {COUNTED} GROUP BY {', '.join(named)}"
    )


def _adding(name: str, keys: tuple[str, ...]) -> str:
    columns = [*keys, "layer", *_sums(name)]
    return (
        f"INSERT INTO {name} ({', '.join(columns)}) VALUES ({', '.join(f':{column}' for column in columns)}) "
        f"ON CONFLICT ({', '.join([*keys, 'layer'])}) DO UPDATE SET entries = {name}.entries + excluded.entries"
    )


def _cell(name: str, row: Any, sign: int) -> dict[str, Any]:
    return {**dict.fromkeys(_sums(name), 0), **row, "layer": 0, "entries": sign * row["entries"]}
