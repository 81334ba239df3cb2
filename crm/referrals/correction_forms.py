"""Forms for rows of a waiting file that cannot go in; their fields are the columns, or the texts, of the file."""

import hashlib
from collections.abc import Sequence

from wtforms import BooleanField, Field, StringField

from crm.core.forms import ChoiceField, Form
from crm.referrals.correction_queries import Alike, Place
from crm.referrals.correction_services import Said
from crm.referrals.importing.corrections import OPTIONAL, fault_of_text
from crm.referrals.importing.headers import Target
from crm.referrals.importing.values import parse_status
from crm.referrals.models import ReferralStatus

STATUSES = [(status.value, status.label) for status in ReferralStatus]
NOT_SAID = ("", "Not said")
OTHERS = "others"


def line_form(places: Sequence[Place], cells: Sequence[str]) -> Form:
    """A field for each column of one row, with what stands there."""
    made = type("LineForm", (Form,), {f"cell_{place.number}": _cell(place, cells[place.number]) for place in places})
    return made(data={f"cell_{place.number}": cells[place.number] for place in places})  # type: ignore[no-any-return]


def _cell(place: Place, text: str) -> Field:
    header = place.column.header
    if place.column.target is not Target.STATUS:
        return StringField(header)
    if not text or fault_of_text(text, place.column):
        as_it_is = [(text, f"“{text}”, as in your file")] if text else []
        return ChoiceField(header, choices=[*as_it_is, NOT_SAID, *STATUSES])
    if not (said := place.column.reads(text)):
        return ChoiceField(header, choices=[(text, NOT_SAID[1]), *STATUSES])
    meant = parse_status(said)
    others = [(value, label) for value, label in STATUSES if value != meant]
    return ChoiceField(header, choices=[(text, meant.label), NOT_SAID, *others])


def typed_cells(form: Form, places: Sequence[Place]) -> dict[int, str]:
    """What was typed into a line's form, by the places of the columns."""
    return {place.number: form.typed(f"cell_{place.number}") for place in places}


def key_of(text: str) -> str:
    """By what the fields about a text are known."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:12]


def alike_form(alike: Alike, shown: int) -> Form:
    """A field for each different text in a column of rows with the same fault, and one for all the others."""
    keys = [key_of(text.text) for text in alike.texts[:shown]] + ([OTHERS] if len(alike.texts) > 1 else [])
    fields: dict[str, Field] = {}
    for key in keys:
        fields[f"to_{key}"] = _becomes(alike.place)
        fields[f"empty_{key}"] = BooleanField("Leave it empty")
    made = type("AlikeForm", (Form,), fields)
    return made()  # type: ignore[no-any-return]


def _becomes(place: Place) -> Field:
    label = f"{place.column.header} becomes"
    is_status = place.column.target is Target.STATUS
    return ChoiceField(label, choices=[("", "Stays out"), *STATUSES]) if is_status else StringField(label)


def may_be_empty(alike: Alike) -> bool:
    """Whether the rows can do without what cannot be read."""
    return alike.place.column.target in OPTIONAL


def said_in(form: Form, alike: Alike) -> list[Said]:
    """What was typed about texts; nothing about those that are to stay as they are."""
    by_key: dict[str, str | None] = {key_of(text.text): text.text for text in alike.texts} | {OTHERS: None}
    found = []
    for key, was in by_key.items():
        if f"to_{key}" in form:
            now, is_emptied = form.typed(f"to_{key}"), bool(form[f"empty_{key}"].data) and may_be_empty(alike)
            if now or is_emptied:
                found.append(Said(f"to_{key}", was, now))
    return found
