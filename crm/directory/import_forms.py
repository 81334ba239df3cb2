"""Forms of imports from CMS files: which file, and which part of it."""

from flask_wtf.file import FileField
from wtforms import StringField
from wtforms.validators import Length, Optional, ValidationError

from crm.core.forms import Form, SegmentField
from crm.directory.importing.filters import read_filter
from crm.directory.importing.rows import FileKind, RowFilter

MAX_TEXT = 600


class FilterForm(Form):
    """Which rows of a file are wanted; what stays empty lets everything through."""

    states = StringField("States", [Optional(), Length(max=MAX_TEXT)])
    zips = StringField("ZIP codes", [Optional(), Length(max=MAX_TEXT)])
    codes = StringField("Taxonomy codes", [Optional(), Length(max=MAX_TEXT)])

    def wanted(self) -> RowFilter:
        """The filter; Invalid names the field that cannot be understood."""
        return read_filter([self.typed("states")], [self.typed("zips")], [self.typed("codes")])


class UploadForm(FilterForm):
    """The file, what it is, and which part of it is wanted."""

    file = FileField("File")
    kind = SegmentField(
        "What is it?",
        choices=[
            ("", "Find out"),
            (FileKind.NPPES.value, "NPPES"),
            (FileKind.DAC.value, "Doctors & Clinicians"),
        ],
        default="",
    )

    def validate_file(self, field: FileField) -> None:
        """A file must have been chosen."""
        if not field.data or not getattr(field.data, "filename", ""):
            raise ValidationError("Choose a file.")

    def chosen_kind(self) -> FileKind | None:
        """What the person says that the file is; None to go by its columns."""
        return FileKind(self.kind.data) if self.kind.data else None
