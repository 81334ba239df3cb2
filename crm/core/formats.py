"""How numbers, money, days and names are written, on every page and in every message alike."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta

from crm.core import clock

MINUS = "\N{MINUS SIGN}"
DAY_NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def number(value: float | None, places: int = 0) -> str:
    """1204 -> `1,204`; a true minus sign."""
    if value is None:
        return "–"
    return f"{value:,.{places}f}".replace("-", MINUS)


def money_exact(cents: int | None) -> str:
    """123456 cents -> `$1,234.56`; whole dollars without the cents."""
    if cents is None:
        return "–"
    dollars = abs(cents) / 100
    text = f"${dollars:,.0f}" if cents % 100 == 0 else f"${dollars:,.2f}"
    return f"{MINUS}{text}" if cents < 0 else text


def money(cents: int | None) -> str:
    """Short money for headlines: `$950`, `$71.2k`, `$2.84M`."""
    if cents is None:
        return "–"
    dollars = abs(cents) / 100
    for limit, divisor, unit in ((999_500_000, 1e9, "B"), (999_500, 1e6, "M"), (10_000, 1e3, "k")):
        if dollars >= limit:
            text = f"${dollars / divisor:,.3g}{unit}" if unit != "B" else f"${dollars / divisor:,.2f}{unit}"
            break
    else:
        text = f"${dollars:,.0f}"
    return f"{MINUS}{text}" if cents < 0 else text


def percent(ratio: float | None, places: int = 1) -> str:
    """0.0834 -> `8.3%`."""
    return "–" if ratio is None else f"{ratio * 100:,.{places}f}%".replace("-", MINUS)


def signed_percent(ratio: float | None, places: int = 1) -> str:
    """0.0834 -> `+8.3%`."""
    if ratio is None:
        return "–"
    text = f"{abs(ratio) * 100:,.{places}f}"
    if not float(text.replace(",", "")):
        return f"{text}%"
    return f"{'+' if ratio > 0 else MINUS}{text}%"


def day(value: date | None) -> str:
    """`12 Nov`; with the year when it is not this one."""
    if value is None:
        return "–"
    text = f"{value.day} {value:%b}"
    return text if value.year == clock.today().year else f"{text} {value.year}"


def day_long(value: date | None) -> str:
    """`Fri 20 Nov 2026`."""
    return "–" if value is None else f"{value:%a} {value.day} {value:%b} {value.year}"


def weekday_day(value: date | None) -> str:
    """`Fri 20 Nov`."""
    return "–" if value is None else f"{value:%a} {day(value)}"


def month(value: int | date | None) -> str:
    """A month number (2026 * 12 + 10 for November 2026, see `month_of`) or a day -> `Nov 2026`."""
    if value is None:
        return "–"
    first = month_start(value) if isinstance(value, int) else value
    return f"{first:%b %Y}"


def moment(value: datetime | None) -> str:
    """An aware moment -> `12 Nov, 11:20 am` on the organisation's clock."""
    if value is None:
        return "–"
    here = clock.local(value)
    return f"{day(here.date())}, {time_of_day(here)}"


def time_of_day(value: time | datetime | None) -> str:
    """`11:20 am`, `1:05 pm`; an aware moment on the organisation's clock."""
    if value is None:
        return "–"
    here = clock.local(value) if isinstance(value, datetime) else value
    return f"{(here.hour - 1) % 12 + 1}:{here:%M} {'am' if here.hour < 12 else 'pm'}"  # noqa: PLR2004 noon


def ago(value: date | None) -> str:
    """A day, told from today: `today`, `yesterday`, `8 days ago`, `in 3 days`."""
    if value is None:
        return "never"
    days = (value - clock.today()).days
    near = {0: "today", -1: "yesterday", 1: "tomorrow"}
    if days in near:
        return near[days]
    return f"in {days} days" if days > 0 else f"{-days} days ago"


def span(delta: timedelta | float | None) -> str:
    """A length of time (or seconds) in words: `41 seconds`, `12 min`, `2 h 5 min`."""
    if delta is None:
        return "–"
    seconds = round(delta.total_seconds() if isinstance(delta, timedelta) else delta)
    if seconds < 60:  # noqa: PLR2004 a minute
        return "1 second" if seconds == 1 else f"{seconds} seconds"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"  # noqa: PLR2004 an hour


def phone(value: str | None) -> str:
    """`+16145550142;ext=12` -> `(614) 555-0142 ext. 12`; numbers of other countries stay as they are."""
    if value and len(value) >= 12 and value.startswith("+1") and value[1:12].isdecimal():  # noqa: PLR2004 +1 and ten digits
        return f"({value[2:5]}) {value[5:8]}-{value[8:12]}{value[12:].replace(';ext=', ' ext. ')}"
    return value or ""


def npi(value: str | None) -> str:
    """`1730482915` -> `1730 482 915`."""
    return f"{value[:4]} {value[4:7]} {value[7:]}" if value and len(value) == 10 else value or ""  # noqa: PLR2004 an NPI


def initials(name: str | None) -> str:
    """`Maren Oakes` -> `MO`."""
    words = [w for w in (name or "").replace("-", " ").split() if w[0].isalpha()]
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper() if words else "?"


def plural(count: int, one: str, many: str | None = None) -> str:
    """`1 visit`, `2 visits`, `1,204 practices`."""
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def month_of(value: date) -> int:
    """A day's month as one whole number, `year * 12 + month - 1`, so that months can be counted and compared."""
    return value.year * 12 + value.month - 1


def month_start(value: int) -> date:
    """The first day of a month number."""
    return date(value // 12, value % 12 + 1, 1)


FILTERS: dict[str, Callable[..., str]] = {
    f.__name__: f
    for f in (
        number, money, money_exact, percent, signed_percent, day, day_long, weekday_day, month, moment, time_of_day,
        ago, span, phone, npi, initials, plural,
    )
}  # fmt: skip
