"""The index of practices leaves out the rows that have none: these stand in that of sources, and no row in both."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
KNOWN = sa.text("practice_id IS NOT NULL")


def upgrade() -> None:
    """Go to this schema."""
    op.drop_index("ix_referral_cell", "referral")
    op.create_index(
        "ix_referral_cell", "referral", ["practice_id", "month"], sqlite_where=KNOWN, postgresql_where=KNOWN
    )


def downgrade() -> None:
    """Go back to the schema before."""
    op.drop_index("ix_referral_cell", "referral")
    op.create_index("ix_referral_cell", "referral", ["practice_id", "month"])
