"""Profiles and waiting files say what words of a column mean; on the way back that is forgotten."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
CHANGES = {
    "referral_import.mapping": "its columns may have meanings; on the way back they are forgotten",
    "mapping_profile.mapping": "its columns may have meanings; on the way back they are forgotten",
}


def upgrade() -> None:
    """Go to this schema: nothing has a meaning yet."""


def downgrade() -> None:
    """Go back to the schema before."""
    for name in ("referral_import", "mapping_profile"):
        table = sa.table(name, sa.column("id", sa.Integer), sa.column("mapping", sa.JSON))
        for row in op.get_bind().execute(sa.select(table)).all():
            if without := _without_meanings(row.mapping):
                op.execute(sa.update(table).where(table.c.id == row.id).values(mapping=without))


def _without_meanings(mapping: dict[str, Any]) -> dict[str, Any] | None:
    """A mapping as it was before there were meanings, or None when it has none."""
    columns = mapping.get("columns", [])
    if not any("meanings" in column for column in columns):
        return None
    plain = [{name: value for name, value in column.items() if name != "meanings"} for column in columns]
    return {**mapping, "columns": plain}
