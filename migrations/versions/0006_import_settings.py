"""Two settings of imports: files with patients are refused whole, and single referrals become counts of months."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
CHANGES = {"organization": "gets two settings; on the way back they are forgotten"}
SETTINGS = ("refuses_patient_files", "counts_only")


def upgrade() -> None:
    """Go to this schema."""
    for name in SETTINGS:
        op.add_column("organization", sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    """Go back to the schema before."""
    for name in reversed(SETTINGS):
        op.drop_column("organization", name)
