"""One row of a file becomes one row of `referral`, or a refusal with its column and reason. Pure.

`RowReader` holds how the file is mapped; calling it with the cells of a line gives a `Row` or raises `Refused`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from crm.core import formats
from crm.referrals.importing import values
from crm.referrals.importing.headers import MONEY, Target
from crm.referrals.importing.mapping import MappedColumn
from crm.referrals.importing.values import Unreadable
from crm.referrals.models import Grain, PayerClass, ReferralStatus, RevenueKind

MAX_AHEAD = timedelta(days=730)
NAME_LENGTH = 200
SHORT_LENGTH = 60


class Refused(Exception):
    """A row that cannot go in: which column, and why; never a value."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(reason)
        self.column = column
        self.reason = reason


@dataclass(slots=True)
class Row:
    """What a line says, before its source is looked up and its names have numbers."""

    line: int
    month: int
    received_on: date | None
    source_npi: str | None
    source_name: str
    provider_name: str
    city: str
    zip: str
    service_line: str
    site: str
    payer: PayerClass
    status: ReferralStatus
    appointment_on: date | None
    seen_on: date | None
    report_sent_on: date | None
    count: int
    revenue_cents: int | None
    revenue_kind: RevenueKind | None
    referral_id: str


@dataclass(frozen=True)
class Options:
    """What the person who imports adds to a file: what it leaves unsaid."""

    month: int | None = None
    service_line: str = ""
    site: str = ""

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "Options":
        """The options that were stored in the import."""
        return cls(stored.get("month"), stored.get("service_line") or "", stored.get("site") or "")


class RowReader:
    """Reads the cells of one line after the other, as the file was mapped."""

    def __init__(self, columns: list[MappedColumn], grain: Grain, options: Options, today: date) -> None:
        self.grain, self.options, self.today = grain, options, today
        self.places = {column.target: place for place, column in enumerate(columns) if column.target}
        self.headers = {column.target: column.header for column in columns if column.target}
        self.day_first = {column.target: column.day_first for column in columns if column.target}
        self.money = next((target for target in MONEY if target in self.places), None)
        self.revenue_kind = RevenueKind(self.money.value) if self.money else None
        self.has_id = Target.REFERRAL_ID in self.places and grain is Grain.EVENT

    def __call__(self, line: int, cells: list[str]) -> Row:
        """The row that a line says. Raises Refused."""
        text = self._text(cells)
        received_on, month = self._when(text)
        appointment_on = self._day(text, Target.APPOINTMENT_ON)
        seen_on = self._day(text, Target.SEEN_ON)
        report_sent_on = self._day(text, Target.REPORT_SENT_ON)
        self._check_order(received_on, appointment_on, seen_on, report_sent_on)
        npi_text = text(Target.SOURCE_NPI)
        source, provider = text(Target.SOURCE_NAME)[:NAME_LENGTH], text(Target.PROVIDER_NAME)[:NAME_LENGTH]
        if not (npi_text or source or provider):
            raise Refused(self._any_header(Target.SOURCE_NAME, Target.SOURCE_NPI, Target.PROVIDER_NAME), "No source")
        cents = self._read(text, self.money, values.parse_cents) if self.money else None
        return Row(
            line=line, month=month, received_on=received_on,
            source_npi=values.parse_npi(npi_text) if npi_text else None,
            source_name=source, provider_name=provider,
            city=text(Target.SOURCE_CITY), zip=text(Target.SOURCE_ZIP)[:5],
            service_line=(text(Target.SERVICE_LINE) or self.options.service_line)[:SHORT_LENGTH],
            site=(text(Target.SITE) or self.options.site)[:SHORT_LENGTH],
            payer=values.parse_payer(text(Target.PAYER)),
            status=self._status(text, appointment_on, seen_on),
            appointment_on=appointment_on, seen_on=seen_on, report_sent_on=report_sent_on,
            count=self._count(text),
            revenue_cents=cents, revenue_kind=self.revenue_kind if cents is not None else None,
            referral_id=text(Target.REFERRAL_ID) if self.has_id else "",
        )  # fmt: skip

    def _text(self, cells: list[str]) -> Callable[[Target], str]:
        places = self.places

        def text(target: Target) -> str:
            place = places.get(target)
            return "" if place is None else cells[place]

        return text

    def _any_header(self, *targets: Target) -> str:
        return next((self.headers[target] for target in targets if target in self.headers), "")

    def _read(self, text: Callable[[Target], str], target: Target, parse: Callable[[str], Any]) -> Any:
        found = text(target)
        if not found:
            return None
        try:
            return parse(found)
        except Unreadable as problem:
            raise Refused(self.headers[target], str(problem)) from None

    def _day(self, text: Callable[[Target], str], target: Target) -> date | None:
        parse = values.parse_day_first if self.day_first.get(target) else values.parse_date
        value: date | None = self._read(text, target, parse)
        latest = self.today + MAX_AHEAD if target is Target.APPOINTMENT_ON else self.today
        if value is not None and value > latest:
            raise Refused(self.headers[target], "Date lies in the future")
        return value

    def _when(self, text: Callable[[Target], str]) -> tuple[date | None, int]:
        received_on = self._day(text, Target.RECEIVED_ON)
        if self.grain is Grain.EVENT:
            if received_on is None:
                raise Refused(self.headers.get(Target.RECEIVED_ON, ""), "No received date")
            return received_on, formats.month_of(received_on)
        day_first = self.day_first.get(Target.MONTH, False)
        month: int | None = self._read(text, Target.MONTH, lambda found: values.parse_month(found, day_first=day_first))
        if month is None:
            month = formats.month_of(received_on) if received_on else self.options.month
        if month is None:
            raise Refused(self._any_header(Target.MONTH, Target.RECEIVED_ON), "No month")
        if month > formats.month_of(self.today):
            raise Refused(self._any_header(Target.MONTH, Target.RECEIVED_ON), "Month lies in the future")
        return None, month

    def _check_order(
        self, received: date | None, appointment: date | None, seen: date | None, report: date | None
    ) -> None:
        for target, value, words in (
            (Target.APPOINTMENT_ON, appointment, "Appointment before the referral was received"),
            (Target.SEEN_ON, seen, "Seen before the referral was received"),
            (Target.REPORT_SENT_ON, report, "Report sent before the referral was received"),
        ):
            if value is not None and received is not None and value < received:
                raise Refused(self.headers[target], words)
        if report is not None and seen is not None and report < seen:
            raise Refused(self.headers[Target.REPORT_SENT_ON], "Report sent before the visit")

    def _status(self, text: Callable[[Target], str], appointment: date | None, seen: date | None) -> ReferralStatus:
        said: ReferralStatus | None = self._read(text, Target.STATUS, values.parse_status)
        if said is not None:
            return said
        if seen is not None:
            return ReferralStatus.SEEN
        return ReferralStatus.SCHEDULED if appointment is not None else ReferralStatus.RECEIVED

    def _count(self, text: Callable[[Target], str]) -> int:
        if self.grain is Grain.EVENT:
            return 1
        count: int | None = self._read(text, Target.COUNT, values.parse_count)
        if count is None:
            raise Refused(self.headers.get(Target.COUNT, ""), "No count")
        return count
