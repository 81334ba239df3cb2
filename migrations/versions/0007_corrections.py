"""What people correct of a file that waits to be imported stands beside its rows."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
CHANGES = {"import_upload": "gets corrections; on the way back they are forgotten"}


def upgrade() -> None:
    """Go to this schema."""
    op.add_column("import_upload", sa.Column("corrections", sa.JSON(), nullable=False, server_default="[]"))


def downgrade() -> None:
    """Go back to the schema before."""
    op.drop_column("import_upload", "corrections")
