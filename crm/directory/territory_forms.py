"""Forms of territories."""

from wtforms import StringField, TextAreaField
from wtforms.validators import DataRequired, Length

from crm.core.forms import Form, ManyField
from crm.directory.forms import REQUIRED


class TerritoryForm(Form):
    """A part of the map, and who looks after it."""

    name = StringField("Name", validators=[DataRequired(REQUIRED), Length(max=60)])
    zip_prefixes = TextAreaField("ZIP prefixes", validators=[Length(max=3000)])
    users = ManyField("Who looks after it", coerce=int, choices=[])
