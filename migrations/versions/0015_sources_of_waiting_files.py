"""What is said of the sources of a file that waits to be imported stands beside its rows."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
CHANGES = {"import_upload": "gets unknown; on the way back it is forgotten"}


def upgrade() -> None:
    """Go to this schema."""
    op.add_column("import_upload", sa.Column("unknown", sa.JSON(), nullable=False, server_default="{}"))


def downgrade() -> None:
    """Go back to the schema before."""
    op.drop_column("import_upload", "unknown")
