"""What the check page shows of rows that cannot go in, and of what people corrected."""

from typing import Any

from sqlalchemy.orm import Session

from crm.accounts.viewer import Viewer
from crm.core import formats
from crm.referrals import correction_queries
from crm.referrals.importing.corrections import Correction
from crm.referrals.importing.headers import Target
from crm.referrals.importing.mapping import MappedColumn
from crm.referrals.importing.meanings import fitting
from crm.referrals.models import ReferralImport, ReferralStatus

NEAR_THE_TOP = 10_000  # lines; cells further down are not looked up for the page of the check


def problem_texts(session: Session, viewer: Viewer, batch: ReferralImport) -> list[dict[str, Any]]:
    """For each group of rows with a problem: what stands there in the lines shown, and what a person can do."""
    groups = (batch.mapping.get("check") or {}).get("groups", [])
    places = correction_queries.places_of(viewer, batch)
    lines = {line for group in groups for line in group["lines"] if line <= NEAR_THE_TOP}
    cells = correction_queries.read_cells(session, batch, lines)
    found = []
    for group in groups:
        place = correction_queries.place_named(places, group["column"])
        texts = [cells[line][place.number] for line in group["lines"] if line in cells] if place else []
        found.append({
            "is_known": bool(texts), "texts": list(dict.fromkeys(texts)), "is_together": place is not None,
            "verb": _verb(place.column.target, texts) if place else "",
        })  # fmt: skip
    return found


def _verb(target: Target, texts: list[str]) -> str:
    if texts and not any(texts):
        return "Fill"
    return "Say what it means" if target is Target.STATUS else "Fix"


def corrections_told(session: Session, viewer: Viewer, batch: ReferralImport) -> list[dict[str, Any]]:
    """What people corrected, in words, the first one first."""
    columns = [MappedColumn.from_json(column) for column in batch.mapping["columns"]]
    shown = {place.number for place in correction_queries.places_of(viewer, batch)}
    return [
        {
            "key": correction.key, "where": _where(correction), "was": correction.was, "lasts": correction.lasts,
            "is_meaning": correction.lasts or _says_status(correction, columns),
            "changes": [
                {"header": columns[at].header, "text": text, "is_hidden": at not in shown and bool(columns[at].target)}
                for at, text in correction.now.items()
            ],
        }
        for correction in correction_queries.list_corrections(session, batch)
    ]  # fmt: skip


def _says_status(correction: Correction, columns: list[MappedColumn]) -> bool:
    return correction.was is not None and all(columns[at].target is Target.STATUS for at in correction.now)


def meanings_told(batch: ReferralImport) -> list[dict[str, str]]:
    """The words of a file that have a meaning from earlier ones, as its profile says."""
    columns = [MappedColumn.from_json(column) for column in batch.mapping["columns"]]
    return [
        {"header": column.header, "word": word, "means": label_of(means)}
        for column in columns
        for word, means in fitting(column.target, column.meanings).items()
    ]


def label_of(means: str) -> str:
    """A meaning in words."""
    return ReferralStatus(means).label if means else "Not said"


def _where(correction: Correction) -> str:
    if len(correction.lines) == 1:
        return f"Line {formats.number(correction.lines[0])}"
    return formats.plural(correction.rows, "row")
