"""Forms of the room exports."""

from wtforms import HiddenField, StringField
from wtforms.validators import DataRequired, Length

from crm.core.forms import Form, ManyField, SegmentField
from crm.exports.columns import COLUMNS, USUAL
from crm.exports.models import ExportFormat

FORMATS = [(ExportFormat.CSV.value, "CSV"), (ExportFormat.XLSX.value, "Excel")]


class ListNameForm(Form):
    """The name of a list."""

    name = StringField("Name of the list", validators=[DataRequired("Give the list a name."), Length(max=120)])
    version = HiddenField()

    @property
    def seen_version(self) -> int | None:
        """The version that the form was filled in from."""
        text = self.version.data or ""
        return int(text) if text.isdecimal() and len(text) < 10 else None  # noqa: PLR2004 fits every integer


class ExportForm(Form):
    """What goes into the file, and what it is for."""

    title = StringField("Title of the file", validators=[DataRequired("Give the file a title."), Length(max=120)])
    purpose = StringField(
        "What is it for?", validators=[DataRequired("Say what the list is used for."), Length(max=200)]
    )
    file_format = SegmentField("Format", choices=FORMATS, default=ExportFormat.CSV.value)
    columns = ManyField("Columns", choices=[(name, c.label) for name, c in COLUMNS.items()], default=list(USUAL))
