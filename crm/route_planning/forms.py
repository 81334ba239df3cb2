"""The form of a day's frame: where and when it starts and ends, and how long a visit takes."""

from collections.abc import Mapping
from typing import Any

from wtforms import HiddenField, IntegerField, StringField, TimeField
from wtforms.validators import InputRequired, Length, NumberRange

from crm.core.forms import ChoiceField, Form
from crm.core.geo import zip_point
from crm.route_planning.arrangement import Basics, Place

BY_ZIP = "zip"
AS_IT_IS = "as_it_is"


class BasicsForm(Form):
    """Places are the person's home, the organization, or the middle of a ZIP code."""

    starts_at = TimeField("Start at", validators=[InputRequired("Say when the day starts.")])
    start = ChoiceField("Start from")
    start_zip = StringField("Start ZIP", validators=[Length(max=10)])
    end = ChoiceField("End at")
    end_zip = StringField("End ZIP", validators=[Length(max=10)])
    visit_minutes = IntegerField(
        "Minutes per visit",
        validators=[InputRequired("Say how long a visit takes."), NumberRange(5, 240, "Between 5 and 240 minutes.")],
    )
    version = HiddenField()

    def __init__(self, basics: Basics, places: Mapping[str, Place], version: int | None, **more: Any) -> None:
        self.basics, self.places = basics, places
        super().__init__(
            starts_at=basics.starts_at, visit_minutes=basics.visit_minutes, version=str(version or ""),
            start=self._key_of(basics.start), end=self._key_of(basics.end), **more,
        )  # fmt: skip
        self.start.choices = self._choices(basics.start)
        self.end.choices = self._choices(basics.end)

    def validate(self, extra_validators: Any = None) -> bool:
        """The usual checks, and that a ZIP is known."""
        ok = super().validate(extra_validators)
        for choice, typed in ((self.start, self.start_zip), (self.end, self.end_zip)):
            if choice.data == BY_ZIP and zip_point(typed.data) is None:
                typed.errors = [*typed.errors, "This ZIP code has no place on the map. Try one nearby."]
                ok = False
        return ok

    def chosen(self) -> Basics:
        """What was typed."""
        start = self._place(self.start.data, self.start_zip.data, self.basics.start)
        end = self._place(self.end.data, self.end_zip.data, self.basics.end)
        starts_at = self.starts_at.data or self.basics.starts_at
        return Basics(starts_at, start, end, self.visit_minutes.data or self.basics.visit_minutes, self.basics.is_typed)

    @property
    def seen_version(self) -> int | None:
        """The version that the form was filled in from."""
        text = self.version.data or ""
        return int(text) if text.isdecimal() and len(text) < 10 else None  # noqa: PLR2004 fits every integer

    def _key_of(self, place: Place | None) -> str:
        if place is None:
            return BY_ZIP
        return next((key for key, known in self.places.items() if known.point == place.point), AS_IT_IS)

    def _choices(self, current: Place | None) -> list[Any]:
        known = [(key, place.name) for key, place in self.places.items()]
        kept = [(AS_IT_IS, current.name)] if current and self._key_of(current) == AS_IT_IS else []
        return [*kept, *known, (BY_ZIP, "Another ZIP code")]

    def _place(self, key: str, typed: str | None, current: Place | None) -> Place | None:
        if key == BY_ZIP and (point := zip_point(typed)) is not None:
            return Place(f"ZIP {(typed or '')[:5]}", point)
        return self.places.get(key, current)
