"""Guesses what each column of a file becomes, from its name and its values, and how sure that is. Pure."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from crm.referrals.importing.headers import DATES, MONEY, Target, known_target, may_name_payers
from crm.referrals.importing.meanings import fitting, word_key
from crm.referrals.importing.signs import MOST, ValueSigns
from crm.referrals.importing.survey import Column
from crm.referrals.models import Grain


class Sure(StrEnum):
    """How sure a guess is."""

    SURE = "sure"
    LIKELY = "likely"
    CHECK = "check"

    @property
    def label(self) -> str:
        """The word beside the meter."""
        return {"sure": "Sure", "likely": "Likely", "check": "Check this"}[self.value]

    @property
    def share(self) -> float:
        """How full the meter is."""
        return {"sure": 1.0, "likely": 0.8, "check": 0.5}[self.value]


class DateOrder(StrEnum):
    """What the values of a column prove about the order of day and month."""

    DAY = "day"
    MONTH = "month"
    UNKNOWN = ""


@dataclass
class MappedColumn:
    """A column that was kept, in the order of the stored rows."""

    letter: str
    header: str
    target: Target = Target.LEAVE_OUT
    sure: Sure = Sure.SURE
    filled: float = 0.0
    day_first: bool = False
    date_order: DateOrder = DateOrder.UNKNOWN
    meanings: dict[str, str] = field(default_factory=dict)  # what words of it mean, as a profile says

    @property
    def means(self) -> dict[str, str]:
        """The meanings of words, by how words are compared."""
        return {word_key(word): means for word, means in fitting(self.target, self.meanings).items()}

    def reads(self, text: str) -> str:
        """What a text of the column stands for: what somebody said of it, or itself."""
        return self.means.get(word_key(text), text) if self.meanings else text

    def as_json(self) -> dict[str, Any]:
        """As it is stored in the import."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "MappedColumn":
        """The column that was stored."""
        kinds = {"target": Target(stored["target"]), "sure": Sure(stored["sure"])}
        return cls(**{**stored, **kinds, "date_order": DateOrder(stored.get("date_order", ""))})


SURE_SHARE = 0.9
NO_MONTH = "The file has no month. Say which month its counts are of."
DESTINATION_NPIS = {"orgnpi", "tonpi", "npihospitals", "hospitalnpi", "destinationnpi"}
NAMING = {Target.SOURCE_NAME, Target.SOURCE_NPI, Target.PROVIDER_NAME}
Candidate = tuple[Column, Target, int, Sure]
ORGANIZATION_NAMES = {"organizationname", "orgnm", "orgname"}


def guess(columns: list[Column], grain: Grain, rows: int) -> list[MappedColumn]:
    """What each column becomes, from its name and its values."""
    candidates = [(column, *_guess_one(column, grain)) for column in columns]
    if {column.key for column in columns} & DESTINATION_NPIS:
        # With the destination's NPI beside the source's, the organization named is the destination.
        candidates = [(c, Target.SITE if c.key in ORGANIZATION_NAMES else t, r, s) for c, t, r, s in candidates]
    candidates = _with_kinds(candidates)
    winners: dict[Target, tuple[int, int]] = {}
    for place, (_, target, rank, _) in enumerate(candidates):
        if target and (target not in winners or rank < winners[target][0]):
            winners[target] = (rank, place)
    money = [(rank, place) for target, (rank, place) in winners.items() if target in MONEY]
    keep = {place for target, (_, place) in winners.items() if target not in MONEY} | (
        {min(money)[1]} if money else set()
    )
    mapped = []
    for place, (column, target, _, sure) in enumerate(candidates):
        chosen = target if place in keep else Target.LEAVE_OUT
        filled = column.signs.filled / rows if rows else 0.0
        order = date_order(column.signs)
        day_first = chosen in DATES | {Target.MONTH} and order is DateOrder.DAY
        how_sure = sure if chosen else Sure.SURE
        mapped.append(MappedColumn(column.letter, column.header, chosen, how_sure, round(filled, 4), day_first, order))
    return mapped


def _with_kinds(candidates: list[Candidate]) -> list[Candidate]:
    """A column of `Physician`, `Patient`, `Internet` tells the kind of a source, where another one names it."""
    is_kinds = [target is Target.SOURCE_NAME and column.signs.holds_kinds for column, target, _, _ in candidates]
    targets = {target for (_, target, _, _), of_kinds in zip(candidates, is_kinds, strict=True) if not of_kinds}
    if not targets & NAMING:
        return candidates
    return [
        (column, Target.SOURCE_KIND, rank, Sure.LIKELY) if of_kinds else (column, target, rank, sure)
        for (column, target, rank, sure), of_kinds in zip(candidates, is_kinds, strict=True)
    ]


def _guess_one(column: Column, grain: Grain) -> tuple[Target, int, Sure]:
    found = known_target(column.key) if column.key else None
    if found is None:
        return _guess_by_values(column, grain)
    target, rank, is_whole = found
    if target is Target.COUNT and grain is Grain.EVENT:
        return Target.LEAVE_OUT, rank, Sure.SURE
    if target is Target.MONTH and grain is Grain.EVENT and column.signs.share(column.signs.dates) > MOST:
        target = Target.RECEIVED_ON
    if not _fits(target, column.signs):
        return target, rank + 2000, Sure.CHECK
    if target is Target.NET or (not is_whole and target in MONEY):
        return target, rank, Sure.CHECK  # a word like "Revenue" does not say which kind it is
    return target, rank, Sure.SURE if is_whole else Sure.LIKELY


def _guess_by_values(column: Column, grain: Grain) -> tuple[Target, int, Sure]:
    signs = column.signs
    if signs.holds_payers and may_name_payers(column.key):
        return Target.PAYER, 5000, Sure.LIKELY
    if signs.holds_npis:
        return Target.SOURCE_NPI, 5000, Sure.LIKELY
    if grain is Grain.EVENT and signs.share(signs.dates) > SURE_SHARE:
        return Target.RECEIVED_ON, 5000, Sure.CHECK
    return Target.LEAVE_OUT, 9999, Sure.SURE


def _fits(target: Target, signs: ValueSigns) -> bool:
    if not signs.filled:
        return True
    if target in MONEY or target is Target.COUNT:
        return signs.share(signs.numbers) > MOST
    if target is Target.PAYER:
        return bool(signs.payers)
    if target is Target.SOURCE_NPI:
        return signs.share(signs.npi_like) > MOST / 2
    return not (
        target in {Target.SOURCE_NAME, Target.PROVIDER_NAME, Target.SITE, Target.SERVICE_LINE}
        and signs.share(signs.dates) > MOST
    )


def date_order(signs: ValueSigns) -> DateOrder:
    """What proves the order of day and month: a number above twelve. Where both occur, the US order is read."""
    if signs.month_first:
        return DateOrder.MONTH
    return DateOrder.DAY if signs.day_first else DateOrder.UNKNOWN


def missing(targets: Iterable[Target], grain: Grain, *, has_month: bool) -> list[str]:
    """What a mapping still lacks, or has twice, in words; nothing when rows can be read with it."""
    chosen = [target for target in targets if target]
    problems = [
        f"Two columns go to “{target.label}”. Leave one of them out."
        for target in dict.fromkeys(chosen)
        if chosen.count(target) > 1
    ]
    if len(set(chosen) & MONEY) > 1:
        problems.append("Two columns hold money. Leave all but one out: a referral has one amount.")
    if not set(chosen) & {Target.SOURCE_NPI, Target.SOURCE_NAME, Target.PROVIDER_NAME}:
        problems.append("Say which column names the source: the NPI, the practice or the provider.")
    if grain is Grain.EVENT and Target.RECEIVED_ON not in chosen:
        problems.append("Say which column holds the day on which the referral was received.")
    if grain is Grain.MONTH:
        if Target.COUNT not in chosen:
            problems.append("Say which column holds the number of referrals.")
        if not set(chosen) & {Target.MONTH, Target.RECEIVED_ON} and not has_month:
            problems.append(NO_MONTH)
    return problems
