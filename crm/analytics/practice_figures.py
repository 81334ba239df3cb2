"""What came of the referrals of one practice, in three figures, counted as the page Service counts them."""

from typing import Any

from crm.analytics import frames, links, metrics
from crm.analytics.periods import says_months
from crm.analytics.question import Question
from crm.core.formats import number, percent
from crm.referrals.models import Wait

NO_DAY = "No file says when"


def practice_figures(question: Question) -> list[dict[str, Any]]:
    """Share seen, days to the appointment and days to the report, each with what it stands on; of the practice that
    the question is narrowed to. Nothing where no referral came in these months."""
    if not question.in_window("received"):
        return []
    return [_seen(question), _appointment(question), _report(question)]


def _seen(question: Question) -> dict[str, Any]:
    ripe = metrics.ripe_months(question.window)
    received, seen = (question.in_window(name, ripe) if ripe else 0 for name in ("received", "seen"))
    if not received:
        return {"label": "Seen", "value": "–", "note": "Too recent to say: it takes two whole months"}
    is_few = received < metrics.FEW
    value = f"{number(seen)} of {number(received)}" if is_few else percent(seen / received, 0)
    note = f"received {says_months(ripe)}"
    url = links.referral_rows(question.filters, ripe, status="seen")
    return {"label": "Seen", "value": value, "url": url, "note": note if is_few else f"{_of(seen, received)} {note}"}


def _appointment(question: Question) -> dict[str, Any]:
    url = links.referral_rows(question.filters, question.window.months, booked=1)
    found = _wait(question, Wait.APPOINTMENT, question.in_window("received"), "", "have an appointment day")
    return {"label": "Received to appointment", "url": url, **found}


def _report(question: Question) -> dict[str, Any]:
    url = links.referral_rows(question.filters, question.window.months, reported=1)
    found = _wait(question, Wait.REPORT, question.in_window("seen"), " seen", "have a report")
    return {"label": "Visit to report", "url": url, **found}


def _wait(question: Question, wait: Wait, total: int, noun: str, says: str) -> dict[str, Any]:
    found = frames.waits(question.session, question.viewer, question.filters, question.window.months, wait=wait)
    count, median, high = metrics.wait_total(found)
    if median is None:
        return {"value": "–", "url": "", "note": NO_DAY}
    # Files may state days of a referral that they do not call seen: then there is nothing to hold the count against.
    covers = f"{_of(count, total)}{noun} {says}" if count <= total else f"{number(count)} {says}"
    further = f"nine of ten within {number(high)}; " if high is not None else ""
    unit = "day, median" if median == 1 else "days, median"
    return {"value": number(median), "unit": unit, "note": f"{further}{covers}"}


def _of(part: int, whole: int) -> str:
    return f"{number(part)} of {number(whole)}"
