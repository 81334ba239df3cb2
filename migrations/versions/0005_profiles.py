"""Profiles have names of their own and are known again when columns come or go; imports say where they came from."""

import hashlib
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from alembic import op

from crm.core.db import UtcDateTime

revision = "0005"
down_revision = "0004"
CHANGES = {
    "mapping_profile": "names become unique, columns keep their order, the grain stands in place of the header's key",
    "import_origin": "is new; on the way back where imports came from is forgotten",
}


def upgrade() -> None:
    """Go to this schema."""
    rows = _rows(_header_key())
    op.drop_table("mapping_profile")
    op.create_table(
        "mapping_profile",
        *_columns(_grain()),
        sa.PrimaryKeyConstraint("id", name="pk_mapping_profile"),
        sa.UniqueConstraint("name", name="uq_mapping_profile_name"),
    )
    _insert(_with_names(rows), _grain())
    op.create_table(
        "import_origin",
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column(
            "door",
            sa.Enum("page", "command", "folder", name="door", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("file_key", sa.String(43), nullable=False),
        sa.Column("profile_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["import_id"], ["referral_import.id"], name="fk_import_origin_import_id_referral_import", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["profile_id"], ["mapping_profile.id"], name="fk_import_origin_profile_id_mapping_profile",
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("import_id", name="pk_import_origin"),
    )  # fmt: skip
    op.create_index("ix_import_origin_file_key", "import_origin", ["file_key"])
    op.create_index("ix_import_origin_profile_id", "import_origin", ["profile_id"])


def downgrade() -> None:
    """Go back to the schema before."""
    rows = _rows(_grain())
    op.drop_table("import_origin")
    op.drop_table("mapping_profile")
    op.create_table(
        "mapping_profile",
        *_columns(_header_key()),
        sa.PrimaryKeyConstraint("id", name="pk_mapping_profile"),
        sa.UniqueConstraint("header_key", name="uq_mapping_profile_header_key"),
    )
    _insert(_with_keys(rows), _header_key())


def _columns(*more: sa.Column[Any]) -> Iterable[sa.Column[Any]]:
    return (
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("mapping", sa.JSON(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        *more,
    )


def _header_key() -> sa.Column[Any]:
    return sa.Column("header_key", sa.String(64), nullable=False)


def _grain() -> sa.Column[Any]:
    kind = sa.Enum("event", "month", name="grain", native_enum=False, create_constraint=True, length=32)
    return sa.Column("grain", kind, nullable=False)


def _rows(more: sa.Column[Any]) -> list[dict[str, Any]]:
    table = sa.Table("mapping_profile", sa.MetaData(), *_columns(more))
    return [dict(row) for row in op.get_bind().execute(sa.select(table).order_by(table.c.id)).mappings()]


def _insert(rows: list[dict[str, Any]], more: sa.Column[Any]) -> None:
    """Nothing points at a profile by its number, so the rows get new ones."""
    table = sa.Table("mapping_profile", sa.MetaData(), *_columns(more))
    for row in rows:
        op.get_bind().execute(sa.insert(table), {name: value for name, value in row.items() if name != "id"})


def _with_names(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows as this schema has them: of equal names the later ones are numbered."""
    taken: set[str] = set()
    for row in rows:
        base, name, number = row["name"][:190], row["name"], 1
        while name.casefold() in taken:
            number += 1
            name = f"{base} {number}"
        taken.add(name.casefold())
        columns = row["mapping"].get("columns", {})
        options = {"service_line": "", "site": "", "day_first": False, **row["mapping"].get("options", {})}
        row["name"] = name
        # Only monthly counts have a column of numbers.
        del row["header_key"]
        row["grain"] = "month" if "count" in columns.values() else "event"
        row["mapping"] = {
            "columns": [{"header": header, "target": target} for header, target in columns.items()],
            "options": options,
        }
    return rows


def _with_keys(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows as the schema before had them: of profiles with the same header the newest stays."""
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        columns = {column["header"]: column["target"] for column in row["mapping"]["columns"]}
        key = hashlib.sha256("\x1f".join([row.pop("grain"), *columns]).encode()).hexdigest()
        row["header_key"] = key
        row["mapping"] = {**row["mapping"], "columns": columns}
        found[key] = row
    return list(found.values())
