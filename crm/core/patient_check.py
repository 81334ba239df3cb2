"""The tick with which a writer confirms that a text names no patient; it is shown only when the text raises doubt."""

from wtforms import BooleanField

from crm.core.forms import Form


class NotePart(Form):
    """For forms with free text: `names_no_patient` goes to the service, which asks for it by refusing."""

    names_no_patient = BooleanField("I confirm that this names no patient")

    @property
    def asks_about_patient(self) -> bool:
        """Whether the tick is shown: somebody was asked for it, or gave it already."""
        return bool(self.names_no_patient.errors or self.names_no_patient.data)
