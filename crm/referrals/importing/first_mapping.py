"""How a file that was just taken in is read: columns as guessed or as a profile says, and what was not kept of it."""

from typing import Any

from sqlalchemy.orm import Session

from crm.referrals import profile_queries
from crm.referrals.importing import layouts, profiles
from crm.referrals.importing.identity import Ruling
from crm.referrals.importing.mapping import guess
from crm.referrals.importing.profiles import Meeting, Saved
from crm.referrals.importing.safe_names import safe_sheet_name
from crm.referrals.importing.survey import SheetSurvey, Survey
from crm.referrals.models import Grain

MAX_DROPPED = 200


def first_mapping(
    session: Session, found: Survey, rows: int, *, month: int | None, saved: Saved | None
) -> tuple[Grain, dict[str, Any]]:
    """What one row is, and the mapping. With a given profile raises Invalid when the file lacks what it reads."""
    columns = guess(found.main.kept, found.grain, rows)
    guesses = [column.target for column in columns]
    headers = [column.header for column in columns]
    meeting: Meeting | None
    rivals: list[str] = []
    if saved is None:
        meeting, rivals = profiles.recognize(profile_queries.list_saved(session), headers, found.grain)
    else:
        meeting = profiles.meet(saved, headers)
        layouts.must_fit(meeting, found.grain, [column.header for column in found.main.dropped])
    options = profiles.SavedOptions()
    if meeting:
        profiles.apply(meeting, columns, adds=saved is None)
        options = meeting.saved.options
    mapping = {
        "columns": [column.as_json() for column in columns],
        "guesses": guesses,
        "surveyed": found.grain,  # the rules about patients that were applied to its columns
        "dropped": [
            note for sheet in (found.main, *found.others) for note in _dropped(sheet, is_main=sheet is found.main)
        ],
        "options": {
            "month": month, "service_line": options.service_line, "site": options.site, "day_first": options.day_first,
        },
        "profile": layouts.told(meeting, rivals),
        "revision": 1,
    }  # fmt: skip
    return meeting.saved.grain if meeting else found.grain, mapping


def _dropped(sheet: SheetSurvey, *, is_main: bool) -> list[dict[str, Any]]:
    """What is said of the columns of which nothing was kept: where they stand and why, never a value."""
    return [
        {
            "sheet": safe_sheet_name(sheet.sheet.name),
            "letter": column.letter,
            "header": column.header,
            "rule": column.verdict.rule,
            "rows": column.verdict.rows,
            "is_main": is_main,
            "is_refused": column.verdict.ruling is Ruling.REFUSE,
            "filled": round(column.signs.filled / max(sheet.rows, 1), 4),
        }
        for column in sheet.dropped
        if is_main or column.verdict.ruling is Ruling.REFUSE
    ][:MAX_DROPPED]
