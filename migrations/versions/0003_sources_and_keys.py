"""Sources and keys become tables of their own, rows of an import lie together, rollups are fewer: for fast imports."""

import base64
import hashlib
from collections.abc import Iterator
from itertools import islice
from typing import Any

import sqlalchemy as sa
from alembic import op

from crm.core.db import UtcDateTime

revision = "0003"
down_revision = "0002"
CHANGES = {
    "referral": "rows get ids by their import; keys are bytes; sources stand in a table of their own",
    "referral_key": "is made out of the rows, and goes with them on the way back",
    "referral_source": "is made out of the rows, and goes with them on the way back",
    "referral_import.is_settling": "all sums are made anew, so nothing is left to be merged",
    "referral_month": "replaced by referral_line_month, which is made anew",
    "referral_line_month": "is made anew",
    "referral_wait": "rows of one practice are few enough to be read themselves",
    "referral_practice_month": "is made anew",
    "referral_total_month": "is made anew",
    "referral_total_wait": "is made anew",
}

CHOICES = {
    "payer": ("payer_class", "commercial medicare medicare_advantage medicaid workers_comp self_pay other unknown"),
    "status": ("referral_status", "received scheduled seen declined lost"),
    "revenue_kind": ("revenue_kind", "billed paid net"),
    "kind": ("source_kind", "practice patient advert self"),
}
SAME = (
    "import_id", "replaced_by", "month", "received_on", "practice_id", "provider_id", "service_line_id", "site_id",
    "payer", "status", "appointment_on", "seen_on", "report_sent_on", "count", "revenue_cents", "revenue_kind",
)  # fmt: skip
MEASURES = (
    "entries", "received", "scheduled", "seen", "declined", "lost", "billed_cents", "paid_cents", "net_cents", "priced",
)  # fmt: skip
# Table -> key, measures, its indexes before (name: columns), whether it was clustered.
BEFORE: dict[str, tuple[tuple[str, ...], tuple[str, ...], dict[str, tuple[str, ...]], bool]] = {
    "referral_month": (
        ("practice_id", "month", "provider_id", "service_line_id", "site_id", "payer"), MEASURES,
        {"month": ("month", "practice_id"), "layers": ("month", "practice_id")}, False,
    ),
    "referral_practice_month": (
        ("month", "practice_id"), MEASURES,
        {"practice": ("practice_id", "month"), "layers": ("month", "practice_id")}, True,
    ),
    "referral_total_month": (
        ("month", "service_line_id", "site_id", "payer"), (*MEASURES, "matched"), {"layers": ("month",)}, True
    ),
    "referral_wait": (
        ("practice_id", "month", "service_line_id", "site_id", "payer", "days"), ("referrals",),
        {"month": ("month",), "layers": ("month", "practice_id")}, False,
    ),
    "referral_total_wait": (
        ("month", "service_line_id", "site_id", "payer", "days"), ("referrals",), {"layers": ("month",)}, True
    ),
}  # fmt: skip
AFTER: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "referral_practice_month": (("month", "practice_id"), MEASURES),
    "referral_line_month": (("month", "service_line_id", "practice_id"), MEASURES),
    "referral_total_month": (("month", "service_line_id", "site_id", "payer"), (*MEASURES, "matched", "apart")),
    "referral_total_wait": (("month", "service_line_id", "site_id", "payer", "wait", "days"), ("referrals",)),
}
COUNTED = "(SELECT id FROM referral_import WHERE state IN ('done', 'taking_back'))"
COUNTS = f"""(import_id IS NULL OR import_id IN {COUNTED}) AND (replaced_by IS NULL OR replaced_by NOT IN {COUNTED})"""
TYPED_IN, OF_IMPORT, PIECE = 1 << 52, 1 << 32, 2000


def upgrade() -> None:
    """Go to this schema."""
    op.add_column("referral_import", sa.Column("hidden_layer", sa.Integer(), nullable=True))
    own = sa.Column("has_own_layer", sa.Boolean(), nullable=False, server_default=sa.false())
    op.add_column("referral_import", own)
    op.execute("UPDATE referral_import SET is_settling = false")
    with op.batch_alter_table("service_line") as batch:
        batch.add_column(sa.Column("value_cents", sa.BigInteger(), nullable=True))
        batch.add_column(_choice("value_kind", "revenue_kind", is_nullable=True))
    _make_sources()
    _row_key_functions()
    op.execute("CREATE TABLE referral_before AS SELECT * FROM referral")
    op.drop_table("referral")
    _make_referral()
    _fill_referral()
    op.drop_table("referral_before")
    op.drop_table("source_before")
    _make_keys()
    for name in BEFORE:
        op.drop_table(name)
    for name, (keys, measures) in AFTER.items():
        op.create_table(
            name, *map(_column, (*keys, *measures)), _column("layer"),
            sa.PrimaryKeyConstraint(*keys, "layer", name=f"pk_{name}"), sqlite_with_rowid=False,
        )  # fmt: skip
    _fill_rollups_after()


def downgrade() -> None:
    """Go back to the schema before. Keys come back shortened: files imported before are not known again by it."""
    for name in AFTER:
        op.drop_table(name)
    op.drop_table("referral_key")
    _row_key_functions()
    op.execute("CREATE TABLE referral_after AS SELECT * FROM referral")
    op.drop_table("referral")
    _make_old_referral()
    _fill_old_referral()
    op.drop_table("referral_after")
    op.drop_table("referral_source")
    with op.batch_alter_table("service_line") as batch:
        batch.drop_constraint(op.f("ck_service_line_revenue_kind"), type_="check")
        batch.drop_column("value_kind")
        batch.drop_column("value_cents")
    op.drop_column("referral_import", "has_own_layer")
    op.drop_column("referral_import", "hidden_layer")
    for name, (keys, measures, indexes, is_clustered) in BEFORE.items():
        rowid = {"sqlite_with_rowid": False} if is_clustered else {}
        op.create_table(
            name, *map(_column, (*keys, *measures)), _column("layer"),
            sa.PrimaryKeyConstraint(*keys, "layer", name=f"pk_{name}"), **rowid,
        )  # fmt: skip
        for kind, columns in indexes.items():
            where = {} if kind != "layers" else _where("layer > 0")
            op.create_index(f"ix_{name}_{kind}", name, list(columns), **where)
    _fill_rollups_before()


def _where(condition: str) -> dict[str, Any]:
    return {way: sa.text(condition) for way in ("sqlite_where", "postgresql_where")}


def _column(name: str) -> sa.Column[Any]:
    kind: Any = sa.BigInteger() if name.endswith("_cents") else sa.Integer()
    if name in ("payer", "wait"):
        kind = sa.String(32)
    return sa.Column(name, kind, autoincrement=False, nullable=False)


def _choice(name: str, of: str = "", *, is_nullable: bool = False) -> sa.Column[Any]:
    kind, options = CHOICES[of or name]
    enum = sa.Enum(*options.split(), name=kind, native_enum=False, create_constraint=True, length=32)
    return sa.Column(name, enum, nullable=is_nullable)


def _one_of(name: str) -> sa.CheckConstraint:
    options = CHOICES[name][1].split()
    return sa.CheckConstraint(" OR ".join(f"{name} = '{option}'" for option in options), name=name)


def _row_key_functions() -> None:
    """Keys were written in base64 of 32 bytes, and are the first 16 of them now."""
    if op.get_bind().dialect.name != "sqlite":
        return
    connection: Any = op.get_bind().connection.driver_connection
    connection.create_function("key_bytes", 1, _bytes_of)
    connection.create_function("key_text", 1, lambda key: base64.urlsafe_b64encode(key).decode().rstrip("="))


def _bytes_of(text: str) -> bytes:
    try:
        key = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))[:16]
    except ValueError:
        key = b""
    return key if len(key) == 16 else hashlib.sha256(text.encode()).digest()[:16]  # noqa: PLR2004 bytes of a key


def _key_bytes(column: str) -> str:
    if op.get_bind().dialect.name == "sqlite":
        return f"key_bytes({column})"
    padded = f"rpad({column}, (length({column}) + 3) / 4 * 4, '=')"
    return (
        f"CASE WHEN {column} ~ '^[A-Za-z0-9_-]{{22,43}}$' AND length({column}) IN (22, 43) "
        f"THEN substring(decode(translate({padded}, '-_', '+/'), 'base64') FROM 1 FOR 16) "
        f"ELSE substring(sha256({column}::bytea) FROM 1 FOR 16) END"
    )


def _key_text(column: str) -> str:
    if op.get_bind().dialect.name == "sqlite":
        return f"key_text({column})"
    return f"rtrim(translate(encode({column}, 'base64'), '+/', '-_'), '=')"


def _make_sources() -> None:
    """Every way in which rows name their source, once."""
    table = op.create_table(
        "referral_source",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.LargeBinary(16), nullable=False),
        _choice("kind"),
        sa.Column("npi", sa.String(10), nullable=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("provider_name", sa.String(200), nullable=False),
        sa.Column("city", sa.String(200), nullable=False),
        sa.Column("zip", sa.String(5), nullable=False),
        sa.Column("practice_id", sa.Integer(), nullable=True),
        sa.Column("decided_by_id", sa.Integer(), nullable=True),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["user_account.id"], name="fk_referral_source_decided_by_id_user_account"
        ),
        sa.ForeignKeyConstraint(["practice_id"], ["practice.id"], name="fk_referral_source_practice_id_practice"),
        sa.PrimaryKeyConstraint("id", name="pk_referral_source"),
        sa.UniqueConstraint("key", name="uq_referral_source_key"),
    )
    before = op.create_table(
        "source_before",
        sa.Column("npi", sa.String(10), primary_key=True),
        sa.Column("name", sa.String(200), primary_key=True),
        sa.Column("source_id", sa.Integer(), nullable=False),
    )
    named = _named_sources()
    while piece := list(islice(named, PIECE)):
        rows = [
            {
                "key": _source_key(npi, name), "kind": "practice", "npi": npi or None, "name": name,
                "provider_name": "", "city": "", "zip": "",
            }
            for npi, name in piece
        ]  # fmt: skip
        op.bulk_insert(table, rows)
        ids = dict(op.get_bind().execute(sa.select(table.c.key, table.c.id).where(
            table.c.key.in_([row["key"] for row in rows])
        )).all())  # fmt: skip
        op.bulk_insert(
            before,
            [{"npi": npi, "name": name, "source_id": ids[_source_key(npi, name)]} for npi, name in piece],
        )


def _named_sources() -> Iterator[tuple[str, str]]:
    query = (
        "SELECT DISTINCT coalesce(source_npi, ''), source_name FROM referral "
        "WHERE import_id IS NOT NULL AND (source_npi IS NOT NULL OR source_name <> '') ORDER BY 1, 2"
    )
    yield from ((npi, name) for npi, name in op.get_bind().execute(sa.text(query)).all())


def _source_key(npi: str, name: str) -> bytes:
    """As the program makes it: of kind, NPI, name, provider, city and ZIP."""
    said = "\x1f".join(("practice", npi, name, "", "", "")).casefold()
    return hashlib.sha256(said.encode("utf-8", "replace")).digest()[:16]


def _make_referral() -> None:
    op.create_table(
        "referral",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("row_key", sa.LargeBinary(16), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=True),
        sa.Column("replaced_by", sa.Integer(), nullable=True),
        sa.Column("replaces_id", sa.BigInteger(), nullable=True),
        sa.Column("month", sa.Integer(), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=True),
        *(sa.Column(f"{of}_id", sa.Integer()) for of in ("practice", "provider", "source", "service_line", "site")),
        sa.Column("payer", sa.String(32), nullable=False),
        sa.Column("status", sa.String(32), nullable=False),
        *(sa.Column(f"{step}_on", sa.Date()) for step in ("appointment", "seen", "report_sent")),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("revenue_cents", sa.BigInteger(), nullable=True),
        sa.Column("revenue_kind", sa.String(32), nullable=True),
        sa.CheckConstraint("count >= 0", name="count_not_negative"),
        *map(_one_of, ("payer", "status", "revenue_kind")),
        sa.PrimaryKeyConstraint("id", name="pk_referral"),
    )


def _fill_referral() -> None:
    place = "row_number() OVER (PARTITION BY import_id ORDER BY coalesce(r.practice_id, 0), r.month, r.id) - 1"
    same = ", ".join(SAME)
    op.execute(
        f"INSERT INTO referral (id, row_key, source_id, {same}) "
        f"SELECT CASE WHEN import_id IS NULL THEN {TYPED_IN} + r.id "
        f"ELSE CAST(import_id AS BIGINT) * {OF_IMPORT} + {place} END, {_key_bytes('r.row_key')}, s.source_id, "
        f"{', '.join(f'r.{name}' for name in SAME)} FROM referral_before r "
        "LEFT JOIN source_before s ON s.npi = coalesce(r.source_npi, '') AND s.name = r.source_name "
        "AND r.import_id IS NOT NULL"
    )
    op.create_index("ix_referral_cell", "referral", ["practice_id", "month"])
    op.create_index("ix_referral_month", "referral", ["month"])
    op.create_index("ix_referral_unmatched", "referral", ["source_id"], **_where("practice_id IS NULL"))
    op.create_index("replaced", "referral", ["row_key", "replaced_by"], **_where("replaced_by IS NOT NULL"))
    earlier = "SELECT e.id FROM referral e WHERE e.row_key = referral.row_key AND e.replaced_by = referral.import_id"
    op.execute(
        f"UPDATE referral SET replaces_id = ({earlier}) "
        "WHERE row_key IN (SELECT row_key FROM referral WHERE replaced_by IS NOT NULL)"
    )
    op.drop_index("replaced", "referral")
    op.create_index("ix_referral_replaces", "referral", ["replaces_id"], **_where("replaces_id IS NOT NULL"))


def _make_keys() -> None:
    op.create_table(
        "referral_key",
        sa.Column("row_key", sa.LargeBinary(16), nullable=False),
        sa.Column("referral_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("row_key", name="pk_referral_key"),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO referral_key (row_key, referral_id) "
        "SELECT row_key, id FROM referral WHERE replaced_by IS NULL ORDER BY row_key"
    )


def _sums(name: str, *, layered: bool = True) -> tuple[str, str]:
    """The columns of a rollup and what they are in the rows."""
    keys, measures = (AFTER if layered else BEFORE)[name][:2]
    whole = {
        "month": "month", "practice_id": "coalesce(practice_id, 0)", "provider_id": "coalesce(provider_id, 0)",
        "service_line_id": "coalesce(service_line_id, 0)", "site_id": "coalesce(site_id, 0)", "payer": "payer",
        "wait": "'appointment'", "days": _days(),
    }  # fmt: skip
    made = {
        "entries": "count(*)", "received": "sum(count)", "matched": _sum("practice_id IS NOT NULL"), "apart": "0",
        "priced": _sum("revenue_cents IS NOT NULL"), "referrals": "sum(count)",
        **{status: _sum(f"status = '{status}'") for status in ("scheduled", "seen", "declined", "lost")},
        **{f"{kind}_cents": _sum(f"revenue_kind = '{kind}'", "revenue_cents") for kind in ("billed", "paid", "net")},
    }  # fmt: skip
    values = [whole[key] for key in keys] + [f"CAST({made[measure]} AS BIGINT)" for measure in measures]
    groups = [value for value in (whole[key] for key in keys) if not value.startswith("'")]
    waits = " AND received_on IS NOT NULL AND appointment_on IS NOT NULL" if "days" in keys else ""
    names = ", ".join((*keys, *measures, "layer"))
    return names, f"SELECT {', '.join(values)}, 0 FROM referral WHERE {COUNTS}{waits} GROUP BY {', '.join(groups)}"


def _sum(condition: str, of: str = "count") -> str:
    return f"sum(CASE WHEN {condition} THEN {of} ELSE 0 END)"


def _days() -> str:
    if op.get_bind().dialect.name == "sqlite":
        return "CAST(julianday(appointment_on) - julianday(received_on) AS INTEGER)"
    return "(appointment_on - received_on)"


def _fill_rollups_after() -> None:
    for name in AFTER:
        names, query = _sums(name)
        op.execute(f"INSERT INTO {name} ({names}) {query}")
    names, query = _sums("referral_total_wait")
    turnaround = query.replace("'appointment'", "'report'").replace("received_on", "seen_on")
    turnaround = turnaround.replace("appointment_on", "report_sent_on")
    op.execute(f"INSERT INTO referral_total_wait ({names}) {turnaround}")


def _fill_rollups_before() -> None:
    for name in BEFORE:
        names, query = _sums(name, layered=False)
        op.execute(f"INSERT INTO {name} ({names}) {query}")


def _make_old_referral() -> None:
    op.create_table(
        "referral",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("row_key", sa.String(43), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=True),
        sa.Column("replaced_by", sa.Integer(), nullable=True),
        sa.Column("month", sa.Integer(), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=True),
        sa.Column("practice_id", sa.Integer(), nullable=True),
        sa.Column("provider_id", sa.Integer(), nullable=True),
        sa.Column("source_name", sa.String(200), nullable=False),
        sa.Column("source_npi", sa.String(10), nullable=True),
        sa.Column("service_line_id", sa.Integer(), nullable=True),
        sa.Column("site_id", sa.Integer(), nullable=True),
        _choice("payer"), _choice("status"),
        *(sa.Column(f"{step}_on", sa.Date()) for step in ("appointment", "seen", "report_sent")),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("revenue_cents", sa.BigInteger(), nullable=True),
        _choice("revenue_kind", is_nullable=True),
        sa.CheckConstraint("count >= 0", name="count_not_negative"),
        *(
            sa.ForeignKeyConstraint([column], [f"{table}.id"], name=f"fk_referral_{column}_{table}")
            for column, table in (
                ("import_id", "referral_import"), ("replaced_by", "referral_import"), ("practice_id", "practice"),
                ("provider_id", "provider"), ("service_line_id", "service_line"), ("site_id", "site"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name="pk_referral"),
    )  # fmt: skip


def _fill_old_referral() -> None:
    same = ", ".join(SAME)
    op.execute(
        f"INSERT INTO referral (id, row_key, source_npi, source_name, {same}) "
        f"SELECT row_number() OVER (ORDER BY r.id), {_key_text('r.row_key')}, s.npi, "
        "coalesce(nullif(s.name, ''), s.provider_name, p.name, ''), "
        f"{', '.join(f'r.{name}' for name in SAME)} FROM referral_after r "
        "LEFT JOIN referral_source s ON s.id = r.source_id "
        "LEFT JOIN practice p ON p.id = r.practice_id AND r.import_id IS NULL"
    )
    if op.get_bind().dialect.name != "sqlite":
        op.execute("SELECT setval('referral_id_seq', (SELECT coalesce(max(id), 0) + 1 FROM referral), false)")
    op.create_index("ix_referral_cell", "referral", ["practice_id", "month"])
    op.create_index("ix_referral_import", "referral", ["import_id", "month", "practice_id"])
    op.create_index("ix_referral_month", "referral", ["month"])
    replaced, newest = _where("replaced_by IS NOT NULL"), _where("replaced_by IS NULL")
    op.create_index("ix_referral_newest", "referral", ["row_key"], unique=True, **newest)
    op.create_index("ix_referral_earlier", "referral", ["row_key"], **replaced)
    op.create_index("ix_referral_replaced", "referral", ["replaced_by", "month", "practice_id"], **replaced)
