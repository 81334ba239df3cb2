"""What the check page shows of a file: its columns with samples, the targets, the refused columns. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from crm.referrals.importing.headers import MONEY, Target
from crm.referrals.importing.mapping import DateOrder, MappedColumn
from crm.referrals.importing.messages import Cell
from crm.referrals.importing.profiles import DATED
from crm.referrals.importing.upload import unpack
from crm.referrals.importing.values import US_DATE
from crm.referrals.models import Grain, ReferralImport

LOOKED_AT = 200
SAMPLES = 3
SAMPLE_LENGTH = 24
SAMPLES_LENGTH = 26
SINGLE = (Target.REFERRAL_ID, Target.RECEIVED_ON, Target.STATUS, Target.APPOINTMENT_ON, Target.SEEN_ON)
COUNTED = (Target.COUNT, Target.MONTH, Target.RECEIVED_ON)


@dataclass(frozen=True)
class ColumnLine:
    """One line of the table of columns: a column that is kept, or one of which nothing was."""

    number: int
    letter: str
    header: str
    filled: float
    column: MappedColumn | None = None
    place: int = 0
    samples: tuple[str, ...] = ()
    dropped: dict[str, Any] | None = None


def column_lines(batch: ReferralImport, packed: bytes, *, sees_revenue: bool) -> list[ColumnLine]:
    """All columns of the imported sheet in the order of the file."""
    columns = [MappedColumn.from_json(column) for column in batch.mapping["columns"]]
    samples = _samples(packed, len(columns))
    lines = [
        ColumnLine(
            _number(column.letter), column.letter, column.header, column.filled, column, place,
            () if column.target in MONEY and not sees_revenue else samples[place],
        )
        for place, column in enumerate(columns)
    ]  # fmt: skip
    lines += [
        ColumnLine(_number(note["letter"]), note["letter"], note["header"], note.get("filled", 0.0), dropped=note)
        for note in batch.mapping.get("dropped", [])
        if note["is_main"]
    ]
    return sorted(lines, key=lambda line: line.number)


def _samples(packed: bytes, width: int) -> list[tuple[str, ...]]:
    """The first different values of each kept column."""
    found: list[dict[str, None]] = [{} for _ in range(width)]
    for _, cells in islice(unpack(packed) if packed else (), LOOKED_AT):
        for place, cell in enumerate(cells if isinstance(cells, list) else ()):
            if cell and place < width and _has_room(found[place], cell):
                found[place][cell if len(cell) <= SAMPLE_LENGTH else f"{cell[: SAMPLE_LENGTH - 1]}…"] = None
    return [tuple(values) for values in found]


def _has_room(samples: dict[str, None], cell: str) -> bool:
    """Samples stand on one line: up to three short ones, or one long one."""
    return len(samples) < SAMPLES and (not samples or sum(map(len, samples)) + len(cell) <= SAMPLES_LENGTH)


def _number(letter: str) -> int:
    number = 0
    for sign in letter:
        number = number * 26 + ord(sign) - ord("A") + 1
    return number


def refused(batch: ReferralImport) -> list[dict[str, Any]]:
    """The columns that were refused for identifying patients, on all sheets."""
    return [note for note in batch.mapping.get("dropped", []) if note.get("is_refused")]


def recognized_by(batch: ReferralImport) -> list[str]:
    """The columns that tell what one row of a file stands for."""
    telling = SINGLE if batch.grain is Grain.EVENT else COUNTED
    columns = [MappedColumn.from_json(column) for column in batch.mapping["columns"]]
    return [column.header for target in telling for column in columns if column.target is target][:SAMPLES]


def is_of_messages(batch: ReferralImport) -> bool:
    """Whether a file held messages: its columns have the names that those of messages get."""
    columns = batch.mapping["columns"]
    return bool(columns) and {column["header"] for column in columns} <= set(Cell)


def has_open_dates(batch: ReferralImport, packed: bytes) -> bool:
    """Whether some date of a file may be read with the day or with the month first, as far as its first rows tell."""
    columns = [MappedColumn.from_json(column) for column in batch.mapping["columns"]]
    samples = _samples(packed, len(columns))
    return any(
        column.target in DATED
        and column.date_order is DateOrder.UNKNOWN
        and (not texts or any(map(US_DATE.fullmatch, texts)))
        for column, texts in zip(columns, samples, strict=True)
    )


def target_groups(grain: Grain, headers: Iterable[str]) -> list[tuple[str, list[Target]]]:
    """The targets to choose from for columns of these names, in groups."""
    when = [Target.RECEIVED_ON] if grain is Grain.EVENT else [Target.MONTH, Target.RECEIVED_ON, Target.COUNT]
    groups = [
        ("When", when),
        (
            "Source",
            [
                Target.SOURCE_NPI,
                Target.SOURCE_NAME,
                Target.PROVIDER_NAME,
                Target.SOURCE_KIND,
                Target.SOURCE_CITY,
                Target.SOURCE_ZIP,
            ],
        ),
        ("What and where", [Target.SERVICE_LINE, Target.SITE, Target.PAYER]),
        ("Money", [Target.BILLED, Target.PAID, Target.NET]),
    ]
    if grain is Grain.EVENT:
        groups.insert(3, ("How far", [Target.STATUS, Target.APPOINTMENT_ON, Target.SEEN_ON, Target.REPORT_SENT_ON]))
        # Only messages have a column about what they leave unsaid.
        of_messages = [Target.UNSAID] if Cell.UNSAID in headers else []
        groups.append(("Other", [Target.REFERRAL_ID, Target.PARENT_ID, *of_messages]))
    else:
        groups.append(("Other", [Target.STATUS]))
    return groups
