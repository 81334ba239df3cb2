"""Market data: files of shared patients, their pairs, who receives, which NPIs are ours, and where segments begin."""

import sqlalchemy as sa
from alembic import op

from crm.core.db import UtcDateTime

revision = "0004"
down_revision = "0003"

LAYOUTS = ("hop_teaming", "shared_patients")
STATES = ("waiting", "running", "done", "failed", "taking_back", "taken_back")


def upgrade() -> None:
    """Go to this schema."""
    _create_files()
    _create_pairs()
    op.create_table(
        "our_npi",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("npi", sa.String(10), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name="fk_our_npi_site_id_site", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_our_npi"),
        sa.UniqueConstraint("npi", name="uq_our_npi_npi"),
    )
    op.create_index("ix_our_npi_site_id", "our_npi", ["site_id"])
    op.create_table(
        "market_setting",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("loyal_from", sa.Integer(), nullable=False),
        sa.Column("splitter_from", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "0 < splitter_from AND splitter_from < loyal_from AND loyal_from <= 100",
            name=op.f("ck_market_setting_in_order"),
        ),
        sa.PrimaryKeyConstraint("id", name="pk_market_setting"),
    )


def downgrade() -> None:
    """Go back to the schema before."""
    for table in ("setting", "reach", "destination", "edge", "upload", "import"):
        op.drop_table(f"market_{table}")
    op.drop_table("our_npi")


def _create_files() -> None:
    op.create_table(
        "market_import",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("file_name", sa.String(200), nullable=False),
        sa.Column("layout", _choice(LAYOUTS, "market_layout"), nullable=False),
        sa.Column("source", sa.String(60), nullable=False),
        sa.Column("first_month", sa.Integer(), nullable=True),
        sa.Column("last_month", sa.Integer(), nullable=True),
        sa.Column("content_hash", sa.String(64), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("job_id", sa.Integer(), nullable=True),
        sa.Column("replaces_id", sa.Integer(), nullable=True),
        sa.Column("state", _choice(STATES, "market_state"), nullable=False),
        *(
            sa.Column(f"{name}_rows", sa.Integer(), nullable=False)
            for name in ("read", "kept", "elsewhere", "refused", "small")
        ),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.Column("taken_back_at", UtcDateTime(), nullable=True),
        sa.Column("says", sa.String(500), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["user_account.id"], name="fk_market_import_owner_id_user_account"),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name="fk_market_import_job_id_job"),
        sa.ForeignKeyConstraint(
            ["replaces_id"], ["market_import.id"], name="fk_market_import_replaces_id_market_import"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_market_import"),
    )
    op.create_index("ix_market_import_content", "market_import", ["content_hash"])
    op.create_table(
        "market_upload",
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("pairs", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"], ["market_import.id"], name="fk_market_upload_import_id_market_import", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("import_id", name="pk_market_upload"),
    )


def _choice(values: tuple[str, ...], name: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def _create_pairs() -> None:
    op.create_table(
        "market_edge",
        sa.Column("import_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("from_npi", sa.String(10), nullable=False),
        sa.Column("to_npi", sa.String(10), nullable=False),
        sa.Column("patients", sa.Integer(), nullable=False),
        sa.Column("transactions", sa.Integer(), nullable=True),
        sa.Column("same_day", sa.Integer(), nullable=True),
        sa.Column("wait_days", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["import_id"], ["market_import.id"], name="fk_market_edge_import_id_market_import"),
        sa.PrimaryKeyConstraint("import_id", "from_npi", "to_npi", name="pk_market_edge"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_market_edge_to", "market_edge", ["import_id", "to_npi"])
    op.create_table(
        "market_destination",
        sa.Column("import_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("npi", sa.String(10), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("kind", sa.String(200), nullable=False),
        sa.Column("patients", sa.Integer(), nullable=False),
        sa.Column("transactions", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["import_id"], ["market_import.id"], name="fk_market_destination_import_id_market_import"
        ),
        sa.PrimaryKeyConstraint("import_id", "npi", name="pk_market_destination"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "market_reach",
        sa.Column("import_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("from_npi", sa.String(10), nullable=False),
        sa.Column("kind", sa.String(200), nullable=False),
        sa.Column("patients", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["import_id"], ["market_import.id"], name="fk_market_reach_import_id_market_import"),
        sa.PrimaryKeyConstraint("import_id", "from_npi", "kind", name="pk_market_reach"),
        sqlite_with_rowid=False,
    )
