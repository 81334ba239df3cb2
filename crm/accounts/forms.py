"""Forms of the room accounts."""

from wtforms import BooleanField, EmailField, HiddenField, IntegerField, PasswordField, StringField
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional

from crm.accounts.permissions import Role
from crm.core.forms import ChoiceField, Form, ManyField

REQUIRED = "Fill this in."


class SignInForm(Form):
    """Who are you?"""

    email = EmailField("Work email", validators=[DataRequired(REQUIRED), Length(max=200)])
    password = PasswordField("Password", validators=[InputRequired(REQUIRED), Length(max=1000)])
    next = HiddenField()


class PasswordForm(Form):
    """Change one's own password."""

    current = PasswordField("Current password", validators=[InputRequired(REQUIRED), Length(max=1000)])
    password = PasswordField("New password", validators=[InputRequired(REQUIRED), Length(max=1000)])


class UserForm(Form):
    """One colleague's account."""

    name = StringField("Name", validators=[DataRequired(REQUIRED), Length(max=200)])
    email = EmailField("Work email", validators=[DataRequired(REQUIRED), Length(max=200)])
    roles = ManyField("Roles", choices=[(role.value, role.label) for role in Role])
    territories = ManyField("Territories", coerce=int, choices=[])
    is_active = BooleanField("Can sign in", default=True)
    version = HiddenField()

    @property
    def role_values(self) -> set[Role]:
        """The chosen roles."""
        return {Role(value) for value in self.roles.data or []}


class OrganizationForm(Form):
    """The organisation's settings."""

    name = StringField("Name", validators=[DataRequired(REQUIRED), Length(max=200)])
    city = StringField("City", validators=[Length(max=200)])
    address = StringField("Postal address", validators=[Length(max=200)])
    zip = StringField("ZIP code of the office", validators=[Optional(), Length(max=10)])
    time_zone = ChoiceField("Time zone", choices=[])
    cadence_a_days = IntegerField("Tier A", validators=[InputRequired(REQUIRED), NumberRange(1, 730)])
    cadence_b_days = IntegerField("Tier B", validators=[InputRequired(REQUIRED), NumberRange(1, 730)])
    cadence_c_days = IntegerField("Tier C", validators=[InputRequired(REQUIRED), NumberRange(1, 730)])
    lapsed_after_days = IntegerField(
        "A source counts as lapsed after", validators=[InputRequired(REQUIRED), NumberRange(30, 730)]
    )
    refuses_patient_files = BooleanField("Refuse a file with patient columns whole")
    counts_only = BooleanField("Keep counts only")
    version = HiddenField()
