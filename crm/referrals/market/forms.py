"""Forms of market data: the file, what it is about, our own NPIs, where segments begin."""

from typing import Any

from flask_wtf.file import FileField
from wtforms import HiddenField, IntegerField, StringField
from wtforms.validators import InputRequired, Length, NumberRange, Optional, ValidationError

from crm.core.forms import ChoiceField, Form, optional_int
from crm.referrals.forms import optional_id
from crm.referrals.list_filters import month_text, read_month
from crm.referrals.market.models import MarketImport
from crm.referrals.market.services import MAX_SOURCE, About
from crm.referrals.market.share import Thresholds


def a_month(_form: Form, field: Any) -> None:
    """A month as a month field sends it."""
    if read_month(field.data or "") is None:
        raise ValidationError("Write the month as 2016-01.")


class FileForm(Form):
    """The file of shared patients."""

    file = FileField("File")

    def validate_file(self, field: FileField) -> None:
        """A file must have been chosen."""
        if not field.data or not getattr(field.data, "filename", ""):
            raise ValidationError("Choose a file.")


class AboutForm(Form):
    """What the file itself does not say: where it comes from, and its months."""

    source = StringField("Source", [InputRequired("Say where the file comes from."), Length(max=MAX_SOURCE)])
    first = StringField("First month", [InputRequired("Say the first month."), a_month])
    last = StringField("Last month", [InputRequired("Say the last month."), a_month])
    replaces_id = HiddenField("Replaces")

    @staticmethod
    def values_of(batch: MarketImport) -> dict[str, str]:
        """What the form shows of a file that waits."""
        months = {"first": batch.first_month, "last": batch.last_month}
        return {"source": batch.source} | {name: month_text(m) if m else "" for name, m in months.items()}

    def about(self) -> About:
        """What was said, as the service takes it."""
        return About(
            source=self.typed("source"),
            first=read_month(self.typed("first")),
            last=read_month(self.typed("last")),
            replaces_id=optional_id(self.replaces_id.data),
        )


class OurNpiForm(Form):
    """An NPI of ours: the number, a name, and which of our sites it is."""

    npi = StringField("NPI", [InputRequired("Enter the NPI."), Length(max=20)])
    name = StringField("Name", [Optional(), Length(max=200)])
    site_id = ChoiceField("Site", coerce=optional_int)


class ThresholdForm(Form):
    """Where segments begin, in percent of the patients."""

    loyal_from = IntegerField("Loyalist from", [InputRequired("Enter a number."), NumberRange(2, 100, "2 to 100.")])
    splitter_from = IntegerField("Splitter from", [InputRequired("Enter a number."), NumberRange(1, 99, "1 to 99.")])

    def thresholds(self) -> Thresholds:
        """What was typed in."""
        return Thresholds(loyal_from=self.loyal_from.data or 0, splitter_from=self.splitter_from.data or 0)
