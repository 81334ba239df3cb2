"""The filter form of the audit page."""

from wtforms import DateField, StringField
from wtforms.validators import Length, Optional, ValidationError

from crm.audit.models import Action
from crm.core import clock
from crm.core.forms import ChoiceField, Form, optional_int


def in_our_time(_form: Form, field: DateField) -> None:
    """Days outside this century belong to no event, and the calendar ends somewhere."""
    if field.data and not clock.is_in_our_time(field.data):
        raise ValidationError("Choose a day of this century.")


class AuditFilterForm(Form):
    """Whose events, of which kind, from when to when. Sent by GET, so without a token."""

    class Meta(Form.Meta):
        """A filter changes nothing."""

        csrf = False

    action = ChoiceField("What", choices=[("", "Everything"), *((a.value, a.label) for a in Action)], default="")
    actor = ChoiceField("Who", coerce=optional_int, choices=[])
    first_on = DateField("From", validators=[Optional(), in_our_time])
    last_on = DateField("To", validators=[Optional(), in_our_time])
    label = StringField("Name of the thing", validators=[Length(max=100)])
