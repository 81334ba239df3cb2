"""The filter form of the audit page."""

from wtforms import DateField, StringField
from wtforms.validators import Length, Optional

from crm.audit.models import Action
from crm.core.forms import ChoiceField, Form, optional_int


class AuditFilterForm(Form):
    """Whose events, of which kind, from when to when. Sent by GET, so without a token."""

    class Meta(Form.Meta):
        """A filter changes nothing."""

        csrf = False

    action = ChoiceField("What", choices=[("", "Everything"), *((a.value, a.label) for a in Action)], default="")
    actor = ChoiceField("Who", coerce=optional_int, choices=[])
    first_on = DateField("From", validators=[Optional()])
    last_on = DateField("To", validators=[Optional()])
    label = StringField("Name of the thing", validators=[Length(max=100)])
