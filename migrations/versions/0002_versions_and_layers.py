"""Every version of a referral is a row of its own, and rollups have layers: an import is shown in one moment."""

import json
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

import sqlalchemy as sa
from alembic import op

from crm.core.db import NAMES

revision = "0002"
down_revision = "0001"
CHANGES = {
    "referral": "earlier versions of rows, kept in referral_superseded before, become rows",
    "referral_superseded": "its versions are rows of referral now",
    "referral_month": "gets layers",
    "referral_practice_month": "gets layers",
    "referral_total_month": "gets layers",
    "referral_wait": "gets layers",
    "referral_total_wait": "gets layers",
}

DAYS = ("received_on", "appointment_on", "seen_on", "report_sent_on")
VALUES = (
    "month", "practice_id", "provider_id", "source_name", "source_npi", "service_line_id", "site_id", "payer", "status",
    "count", "revenue_cents", "revenue_kind", *DAYS,
)  # fmt: skip
MEASURES = (
    "entries", "received", "scheduled", "seen", "declined", "lost", "billed_cents", "paid_cents", "net_cents", "priced",
)  # fmt: skip
# Table -> key, measures, index columns over the table and over its layers.
ROLLUPS: dict[str, tuple[tuple[str, ...], tuple[str, ...], dict[str, tuple[str, ...]]]] = {
    "referral_month": (
        ("practice_id", "month", "provider_id", "service_line_id", "site_id", "payer"),
        MEASURES,
        {"month": ("month", "practice_id"), "layers": ("month", "practice_id")},
    ),
    "referral_practice_month": (
        ("month", "practice_id"),
        MEASURES,
        {"practice": ("practice_id", "month"), "layers": ("month", "practice_id")},
    ),
    "referral_total_month": (
        ("month", "service_line_id", "site_id", "payer"), (*MEASURES, "matched"), {"layers": ("month",)}
    ),
    "referral_wait": (
        ("practice_id", "month", "service_line_id", "site_id", "payer", "days"),
        ("referrals",),
        {"month": ("month",), "layers": ("month", "practice_id")},
    ),
    "referral_total_wait": (
        ("month", "service_line_id", "site_id", "payer", "days"), ("referrals",), {"layers": ("month",)}
    ),
}  # fmt: skip
CLUSTERED = ("referral_practice_month", "referral_total_month", "referral_total_wait")
CHOICES = {
    "payer": ("payer_class", "commercial medicare medicare_advantage medicaid workers_comp self_pay other unknown"),
    "status": ("referral_status", "received scheduled seen declined lost"),
    "revenue_kind": ("revenue_kind", "billed paid net"),
}
# The indexes of referral over all its rows; nothing asks for the rows of a provider.
BEFORE: dict[str, tuple[str, ...]] = {
    "cell": ("practice_id", "month"), "import": ("import_id",), "month": ("month",), "provider_id": ("provider_id",),
}  # fmt: skip
AFTER = {"cell": ("practice_id", "month"), "import": ("import_id", "month", "practice_id"), "month": ("month",)}
PIECE = 500


def upgrade() -> None:
    """Go to this schema."""
    op.add_column("referral_import", sa.Column("is_settling", sa.Boolean(), nullable=False, server_default=sa.false()))
    _drop_indexes(BEFORE)
    with op.batch_alter_table("referral", copy_from=_referral(sa.UniqueConstraint("row_key"))) as batch:
        batch.add_column(sa.Column("replaced_by", sa.Integer(), nullable=True))
        batch.create_foreign_key("fk_referral_replaced_by_referral_import", "referral_import", ["replaced_by"], ["id"])
        batch.drop_constraint("uq_referral_row_key", type_="unique")
    _create_indexes(AFTER)
    replaced = {way: sa.text("replaced_by IS NOT NULL") for way in ("sqlite_where", "postgresql_where")}
    newest = {way: sa.text("replaced_by IS NULL") for way in ("sqlite_where", "postgresql_where")}
    op.create_index("ix_referral_newest", "referral", ["row_key"], unique=True, **newest)
    op.create_index("ix_referral_earlier", "referral", ["row_key"], **replaced)
    op.create_index("ix_referral_replaced", "referral", ["replaced_by", "month", "practice_id"], **replaced)
    _versions_to_rows()
    op.drop_table("referral_superseded")
    for name in ROLLUPS:
        _remake_rollup(name, has_layers=True)


def downgrade() -> None:
    """Go back to the schema before."""
    for name in ROLLUPS:
        _remake_rollup(name, has_layers=False)
    op.create_table(
        "referral_superseded",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("referral_id", sa.Integer(), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=True),
        sa.Column("values", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"], ["referral_import.id"], name="fk_referral_superseded_import_id_referral_import"
        ),
        sa.ForeignKeyConstraint(
            ["referral_id"], ["referral.id"], name="fk_referral_superseded_referral_id_referral", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_referral_superseded"),
    )
    op.create_index("ix_referral_superseded_import_id", "referral_superseded", ["import_id"])
    op.create_index("ix_referral_superseded_referral_id", "referral_superseded", ["referral_id"])
    _rows_to_versions()
    _drop_indexes((*AFTER, "newest", "earlier", "replaced"))
    with op.batch_alter_table("referral", copy_from=_referral(sa.Column("replaced_by", sa.Integer()))) as batch:
        if op.get_bind().dialect.name != "sqlite":
            batch.drop_constraint("fk_referral_replaced_by_referral_import", type_="foreignkey")
        batch.drop_column("replaced_by")
        batch.create_unique_constraint("uq_referral_row_key", ["row_key"])
    _create_indexes(BEFORE)
    op.drop_column("referral_import", "is_settling")


def _referral(*more: Any) -> sa.Table:
    """The table before this revision. SQLite's copy of a table would lose the checks if it looked them up itself."""
    metadata = sa.MetaData(naming_convention=NAMES)

    def choice(name: str, *, is_nullable: bool = False) -> sa.Column[Any]:
        kind, options = CHOICES[name]
        values = options.split()
        enum = sa.Enum(*values, name=kind, native_enum=False, create_constraint=True, length=32)
        return sa.Column(name, enum, nullable=is_nullable)

    def link(name: str, table: str) -> sa.Column[Any]:
        sa.Table(table, metadata, sa.Column("id", sa.Integer()), extend_existing=True)
        return sa.Column(name, sa.Integer(), sa.ForeignKey(f"{table}.id"))

    return sa.Table(
        "referral", metadata,
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("row_key", sa.String(43), nullable=False),
        link("import_id", "referral_import"),
        sa.Column("month", sa.Integer(), nullable=False),
        sa.Column("received_on", sa.Date()),
        link("practice_id", "practice"), link("provider_id", "provider"),
        sa.Column("source_name", sa.String(200), nullable=False),
        sa.Column("source_npi", sa.String(10)),
        link("service_line_id", "service_line"), link("site_id", "site"),
        choice("payer"), choice("status"),
        sa.Column("appointment_on", sa.Date()), sa.Column("seen_on", sa.Date()), sa.Column("report_sent_on", sa.Date()),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("revenue_cents", sa.BigInteger()),
        choice("revenue_kind", is_nullable=True),
        sa.CheckConstraint("count >= 0", name="count_not_negative"),
        *more,
    )  # fmt: skip


def _drop_indexes(names: Iterable[str]) -> None:
    """SQLite's copy of a table comes without indexes; so that both databases do the same, they go before."""
    for name in names:
        op.drop_index(f"ix_referral_{name}", "referral")


def _create_indexes(indexes: dict[str, tuple[str, ...]]) -> None:
    for name, columns in indexes.items():
        op.create_index(f"ix_referral_{name}", "referral", list(columns))


def _tables() -> tuple[sa.Table, sa.Table]:
    metadata = sa.MetaData()
    days = {name: sa.Date() for name in DAYS}
    names = ("id", "row_key", "import_id", "replaced_by", *VALUES)
    rows = sa.Table("referral", metadata, *(sa.Column(name, days.get(name)) for name in names))
    kept = sa.Table(
        "referral_superseded", metadata, sa.Column("id"), sa.Column("referral_id"), sa.Column("import_id"),
        sa.Column("values", sa.JSON()),
    )  # fmt: skip
    return rows, kept


def _versions_to_rows() -> None:
    """A kept version becomes a row, replaced by the import of the version after it."""
    (rows, kept), connection = _tables(), op.get_bind()
    later = sa.func.lead(kept.c.import_id).over(partition_by=kept.c.referral_id, order_by=kept.c.id)
    query = sa.select(
        kept.c.id, rows.c.row_key, kept.c.import_id, kept.c["values"],
        sa.func.coalesce(later, rows.c.import_id).label("replaced_by"),
    ).join(rows, rows.c.id == kept.c.referral_id).order_by(kept.c.id)  # fmt: skip
    for piece in _pieces(connection.execute(query).all()):
        made = [
            {"row_key": key, "import_id": owner, "replaced_by": by, **_values(values)}
            for _, key, owner, values, by in piece
        ]
        connection.execute(sa.insert(rows), made)


def _values(stored: dict[str, Any]) -> dict[str, Any]:
    values = {name: stored.get(name) for name in VALUES}
    return {**values, **{name: values[name] and date.fromisoformat(values[name]) for name in DAYS}}


def _rows_to_versions() -> None:
    """A replaced row becomes a kept version of the newest one."""
    (rows, kept), connection = _tables(), op.get_bind()
    newest = rows.alias()
    query = (
        sa.select(newest.c.id.label("referral_id"), rows)
        .join(newest, (newest.c.row_key == rows.c.row_key) & newest.c.replaced_by.is_(None))
        .where(rows.c.replaced_by.is_not(None))
        # An import replaces only what an earlier one brought.
        .order_by(rows.c.replaced_by)
    )
    number = 0
    for piece in _pieces(connection.execute(query).mappings().all()):
        made = []
        for row in piece:
            number += 1
            values = json.loads(json.dumps({name: row[name] for name in VALUES}, default=str))
            made.append(
                {"id": number, "referral_id": row["referral_id"], "import_id": row["import_id"], "values": values}
            )
        connection.execute(sa.insert(kept), made)
    connection.execute(sa.delete(rows).where(rows.c.replaced_by.is_not(None)))


def _pieces(found: Any) -> Iterator[Any]:
    for start in range(0, len(found), PIECE):
        yield found[start : start + PIECE]


def _remake_rollup(name: str, *, has_layers: bool) -> None:
    """Make a rollup anew with its rows, since its key changes."""
    keys, measures, indexes = ROLLUPS[name]
    names, kept = ", ".join((*keys, *measures)), f"{name}_before"
    sums = ", ".join((*keys, *(f"CAST(sum({measure}) AS BIGINT) AS {measure}" for measure in measures)))
    # What stands in layers counts only while an import is settling.
    shown = "" if has_layers else "WHERE layer = 0 OR EXISTS (SELECT 1 FROM referral_import WHERE is_settling)"
    op.execute(f"CREATE TABLE {kept} AS SELECT {sums} FROM {name} {shown} GROUP BY {', '.join(keys)}")
    op.drop_table(name)
    layer = [sa.Column("layer", sa.Integer(), autoincrement=False, nullable=False)] if has_layers else []
    primary = sa.PrimaryKeyConstraint(*keys, *(column.name for column in layer), name=f"pk_{name}")
    rowid = {"sqlite_with_rowid": False} if name in CLUSTERED else {}
    op.create_table(name, *map(_column, (*keys, *measures)), *layer, primary, **rowid)
    for kind, columns in indexes.items():
        if kind != "layers":
            op.create_index(f"ix_{name}_{kind}", name, list(columns))
        elif has_layers:
            where = sa.text("layer > 0")
            op.create_index(f"ix_{name}_layers", name, list(columns), sqlite_where=where, postgresql_where=where)
    both = (f"{names}, layer", f"{names}, 0") if has_layers else (names, names)
    op.execute(f"INSERT INTO {name} ({both[0]}) SELECT {both[1]} FROM {kept}")
    op.drop_table(kept)


def _column(name: str) -> sa.Column[Any]:
    kind: Any = sa.String(32) if name == "payer" else sa.BigInteger() if name.endswith("_cents") else sa.Integer()
    return sa.Column(name, kind, autoincrement=False, nullable=False)
