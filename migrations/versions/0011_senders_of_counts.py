"""An import whose rows became counts at the door says whose files these are, so that a newer one replaces it."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Go to this schema."""
    op.add_column("import_origin", sa.Column("counted_key", sa.String(32), nullable=True))


def downgrade() -> None:
    """Go back to the schema before."""
    op.drop_column("import_origin", "counted_key")
