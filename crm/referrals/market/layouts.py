"""Tells a file of market data by its header and its values: two columns of NPIs and the patients they share. Pure.

DocGraph Hop Teaming: from_npi, to_npi, patient_count, transaction_count, average_day_wait, std_day_wait, alone or
joined with what somebody looked up about both sides. CMS Physician Shared Patient Patterns: no header, and in this
order npi1, npi2, pair count, beneficiary count, same-day count. Neither says its period, nor is a file's name a sign.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

from crm.core.errors import Invalid
from crm.core.patient_words import Sign, signs_in
from crm.directory.importing.cells import number_of, text_of
from crm.directory.npi import is_npi
from crm.referrals.importing import identity
from crm.referrals.importing.headers import Target, header_key, known_target
from crm.referrals.importing.sheets import Sheet, column_letter
from crm.referrals.market.models import MarketLayout
from crm.referrals.models import Grain

HEADER_LINES = 5
SAMPLE_LINES = 50
MOST = 0.6  # of the values: one in ten random numbers has the check digit of an NPI
SHORT, MAX_DIGITS, MAX_COUNT = 9, 15, 2**31
HOP_COLUMNS, SHARED_COLUMNS = 4, 3  # numbers beside the two NPIs in a file without a header


class MarketData(Invalid):
    """A file of shared patients came to where referrals go in."""

    def __init__(self) -> None:
        super().__init__(
            "This is market data: pairs of providers and the patients they share, not referrals to you. It is kept "
            "apart from referrals. Import it under Market, or with the command market-import."
        )


class Field(StrEnum):
    """What is taken from a column."""

    FROM = "from"
    TO = "to"
    PATIENTS = "patients"
    TRANSACTIONS = "transactions"
    SAME_DAY = "same_day"
    WAIT = "wait"
    TO_NAME = "to_name"
    TO_KIND = "to_kind"


# Names as header_key writes them; the first that a file has counts.
NAMES: dict[Field, str] = {
    Field.FROM: "fromnpi npi1 sourcenpi npiproviders providernpi fromprovidernpi pcpnpi referringnpi",
    Field.TO: "tonpi npi2 targetnpi npihospitals orgnpi toprovidernpi hospitalnpi organizationnpi referredtonpi",
    Field.PATIENTS: "patientcount benecount patients uniquepatients sharedpatients beneficiarycount",
    Field.TRANSACTIONS: "transactioncount paircount transactions sharedtransactions pairs",
    Field.SAME_DAY: "samedaycount samedaypairs sameday",
    Field.WAIT: "averagedaywait avgdaywait averagewait avgwaitdays averagewaitdays",
    Field.TO_NAME: """toorganization toorganizationname hospitalorganizationname toname hospitalname organizationname
        orgname""",
    Field.TO_KIND: """hospitaldisplayname hospitaltype hospitalclassification toclassification totaxonomy tospecialty
        orgtype""",
}
CERTAIN = frozenset({Sign.SSN, Sign.MBI, Sign.BIRTH_DATE, Sign.RECORD_NUMBER})
# Our own referrals may name both sides too; but they have a day, a month, a status or a number of their own.
OF_REFERRALS = frozenset(Target) - {
    Target.SOURCE_NPI, Target.SOURCE_NAME, Target.PROVIDER_NAME, Target.SOURCE_CITY, Target.SOURCE_ZIP,
    Target.SERVICE_LINE, Target.SITE, Target.COUNT, Target.LEAVE_OUT,
}  # fmt: skip


@dataclass(frozen=True)
class Layout:
    """How a file is read: which place holds what, and in which of its lines the header stands (None: it has none)."""

    kind: MarketLayout
    places: dict[Field, int]
    header: tuple[str, ...] = ()
    header_line: int | None = None


def is_market_file(headers: Sequence[str], first_rows: Sequence[Sequence[str]]) -> bool:
    """Whether these are market data and no referrals of ours; without a header the values alone decide."""
    return recognize([*([list(headers)] if headers else []), *map(list, first_rows)]) is not None


def only_referrals(sheets: list[Sheet]) -> list[Sheet]:
    """The same sheets. Raises MarketData when one of them holds market data."""
    if any(is_market_file([], [cells for _, cells in islice(sheet.lines(), SAMPLE_LINES)]) for sheet in sheets):
        raise MarketData
    return sheets


def recognize(lines: Sequence[Sequence[str]]) -> Layout | None:
    """The layout of a file by its first lines, or None when it is something else."""
    for place, names in enumerate(lines[:HEADER_LINES]):
        found = _by_names(names)
        if found is not None and _holds_pairs(found, lines[place + 1 : SAMPLE_LINES]):
            return Layout(_kind_of(names), found, tuple(names), place)
    places = _by_values(lines[:SAMPLE_LINES])
    if places is None:
        return None
    kind = MarketLayout.HOP_TEAMING if Field.WAIT in places else MarketLayout.SHARED_PATIENTS
    return Layout(kind, places)


def _by_names(names: Sequence[str]) -> dict[Field, int] | None:
    keys = [header_key(name) for name in names]
    found = {field: place for field in Field if (place := _first_of(NAMES[field], keys)) is not None}
    if not found.keys() >= {Field.FROM, Field.TO, Field.PATIENTS}:
        return None
    others = [key for place, key in enumerate(keys) if key and place not in found.values()]
    is_referrals = any((known := known_target(key)) and known[2] and known[0] in OF_REFERRALS for key in others)
    return None if is_referrals else found


def _first_of(names: str, keys: Sequence[str]) -> int | None:
    return next((keys.index(name) for name in names.split() if name in keys), None)


def _kind_of(names: Sequence[str]) -> MarketLayout:
    keys = {header_key(name) for name in names}
    is_shared = keys & {"paircount", "benecount", "samedaycount"} and not keys & set(NAMES[Field.WAIT].split())
    return MarketLayout.SHARED_PATIENTS if is_shared else MarketLayout.HOP_TEAMING


def _holds_pairs(places: dict[Field, int], rows: Sequence[Sequence[str]]) -> bool:
    right = [
        _is_npi_at(row, places[Field.FROM])
        and _is_npi_at(row, places[Field.TO])
        and count_of(_cell(row, places[Field.PATIENTS])) is not None
        for row in rows
        if any(row)
    ]
    return bool(right) and sum(right) > len(right) * MOST


def _by_values(lines: Sequence[Sequence[str]]) -> dict[Field, int] | None:
    """Two columns of NPIs, and beside them nothing but the numbers that one of the two layouts has."""
    rows = [row for row in lines if any(row)]
    width = len(rows[0]) if rows else 0
    if not rows or width not in (2 + HOP_COLUMNS, 2 + SHARED_COLUMNS) or any(len(row) != width for row in rows):
        return None
    npis = [at for at in range(width) if sum(_is_npi_at(row, at) for row in rows) > len(rows) * MOST]
    rest = [at for at in range(width) if at not in npis]
    has_numbers = all(amount_of(row[at]) is not None or not text_of(row[at]) for row in rows for at in rest)
    if len(npis) != 2 or not has_numbers:  # noqa: PLR2004 a pair
        return None
    first, second = rest[0], rest[1]
    # One patient makes one transaction or more: whichever layout it is, the larger numbers are the transactions.
    patients, transactions = (first, second) if _sum_at(rows, first) <= _sum_at(rows, second) else (second, first)
    last = Field.SAME_DAY if len(rest) == SHARED_COLUMNS else Field.WAIT
    return {
        Field.FROM: npis[0], Field.TO: npis[1], Field.PATIENTS: patients, Field.TRANSACTIONS: transactions,
        last: rest[2],
    }  # fmt: skip


def _sum_at(rows: Sequence[Sequence[str]], place: int) -> float:
    return sum(amount_of(row[place]) or 0 for row in rows)


def _cell(row: Sequence[str], place: int) -> str:
    return row[place] if place < len(row) else ""


def _is_npi_at(row: Sequence[str], place: int) -> bool:
    return is_npi(number_of(_cell(row, place)))


def amount_of(cell: str) -> float | None:
    """A number that is not negative, or None; a database's NULL is none."""
    text = text_of(cell)
    if not text or not text.isascii() or not text.replace(".", "", 1).isdecimal() or len(text) > MAX_DIGITS:
        return None
    return float(text)


def count_of(cell: str) -> int | None:
    """A whole number that is not negative and fits every database, or None; `76.0` is whole."""
    if len(cell) <= SHORT and cell.isdecimal() and cell.isascii():
        return int(cell)  # nearly always, and a hundred million times
    amount = amount_of(cell)
    return int(amount) if amount is not None and amount.is_integer() and amount < MAX_COUNT else None


def check_columns(layout: Layout, rows: Sequence[Sequence[str]]) -> None:
    """Raise Invalid when a file has a column about single patients, by its name or by its values. Names the column
    by its letter, never by what stands in it."""
    taken = {place for field, place in layout.places.items() if field not in (Field.TO_NAME, Field.TO_KIND)}
    for place in range(max((len(row) for row in (layout.header, *rows)), default=0)):
        if place in taken:
            continue
        rule = identity.rule_by_name(header_key(_cell(layout.header, place)), Grain.MONTH) or _sign_in(rows, place)
        if rule:
            raise Invalid(
                f"Column {column_letter(place)} is about single patients ({rule.lower()}). Market data has no "
                "such column, so nothing of this file was kept."
            )


def _sign_in(rows: Sequence[Sequence[str]], place: int) -> str:
    """What in the values of a column is surely a patient's, or ''."""
    different = "\n".join({text_of(_cell(row, place)) for row in rows})
    return next((sign.value for sign in signs_in(different) if sign in CERTAIN), "")
