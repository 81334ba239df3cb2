"""The index of rows without a practice holds all that the queue of their sources counts."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
NAME = "ix_referral_unmatched"
ONLY = {"sqlite_where": sa.text("practice_id IS NULL"), "postgresql_where": sa.text("practice_id IS NULL")}


def upgrade() -> None:
    """Go to this schema."""
    op.drop_index(NAME, "referral")
    op.create_index(NAME, "referral", ["source_id", "import_id", "replaced_by", "count", "practice_id"], **ONLY)


def downgrade() -> None:
    """Go back to the schema before."""
    op.drop_index(NAME, "referral")
    op.create_index(NAME, "referral", ["source_id"], **ONLY)
