"""The months that a file of market data is about: a person says them, the name of the file may suggest them. Pure."""

import re

from crm.core import formats

YEAR = r"(?:19[89]\d|20\d\d)"
MONTH = r"(?:0[1-9]|1[0-2])"
SPAN = re.compile(rf"(?<!\d)({YEAR})[-_.]?({MONTH})(?!\d)\D{{1,6}}({YEAR})[-_.]?({MONTH})(?!\d)")
QUARTER = re.compile(rf"(?<!\d)({YEAR})[-_. ]?q([1-4])(?!\d)", re.IGNORECASE)
YEARS = re.compile(rf"(?<!\d)({YEAR})(?!\d)")
DAYS = re.compile(r"(?<![a-z\d])(?:days?[-_ ]?(30|60|90|180)|(30|60|90|180)[-_ ]?days?)(?![a-z\d])", re.IGNORECASE)
MAX_MONTHS = 120

Period = tuple[int, int]


def guess_period(file_name: str, this_month: int) -> Period | None:
    """First and last month, if the name says so: `hop_2016-01_2016-12`, `2015Q3`, `teaming_2014`, `2014-2015`."""
    if found := SPAN.search(file_name):
        period = _number(found[1], found[2]), _number(found[3], found[4])
    elif found := QUARTER.search(file_name):
        first = _number(found[1], "1") + 3 * (int(found[2]) - 1)
        period = first, first + 2
    else:
        years = [int(year) for year in YEARS.findall(file_name)]
        if not years:
            return None
        period = min(years) * 12, max(years) * 12 + 11
    return period if not problem_with(*period, this_month) else None


def guess_source(file_name: str, usual: str) -> str:
    """The usual name of the source; CMS made one file for each number of days within which a patient was seen."""
    found = DAYS.search(file_name)
    return f"{usual}, {found[1] or found[2]} days" if found else usual


def problem_with(first: int, last: int, this_month: int) -> str:
    """Why these cannot be the months of a file, or ''."""
    if last < first:
        return "The last month lies before the first."
    if last > this_month:
        return "The last month lies in the future."
    return f"More than {MAX_MONTHS // 12} years." if last - first >= MAX_MONTHS else ""


def period_words(first: int | None, last: int | None) -> str:
    """`2016` for a whole year, `2015 to 2016` for whole years, otherwise `Jan 2016 to Sep 2016`."""
    if first is None or last is None:
        return ""
    if first % 12 == 0 and last % 12 == 11:  # noqa: PLR2004 December
        return str(first // 12) if first // 12 == last // 12 else f"{first // 12} to {last // 12}"
    return formats.month(first) if first == last else f"{formats.month(first)} to {formats.month(last)}"


def _number(year: str, month: str) -> int:
    return int(year) * 12 + int(month) - 1
