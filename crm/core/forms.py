"""Forms: WTForms with the field types, filters and error handling that every room shares."""

from types import TracebackType
from typing import Any

from flask_wtf import FlaskForm
from wtforms import (
    Field,
    HiddenField,
    PasswordField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice, SelectFieldBase  # type: ignore[attr-defined]
from wtforms.validators import ValidationError

from crm.core import formats
from crm.core.db import db
from crm.core.errors import Conflict, Invalid

CONTROL = {code: None for code in range(32) if code not in (9, 10, 13)} | {127: None}


def tidy(value: object) -> object:
    """Trim text and drop control characters; empty text becomes None. A number of a row is shown as text."""
    if isinstance(value, int):
        return str(value)
    if not isinstance(value, str):
        return value
    return value.translate(CONTROL).strip() or None


def _is_storable(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


class Form(FlaskForm):
    """The base of every form. `problems()` turns a service's refusal into messages beside the fields."""

    class Meta(FlaskForm.Meta):
        """Every text field is trimmed."""

        def bind_field(self, form: Any, unbound_field: Any, options: dict[str, Any]) -> Field:
            """Give text fields the tidy filter, whether or not they have filters of their own; passwords stay exact."""
            kind = unbound_field.field_class
            if issubclass(kind, StringField | TextAreaField | HiddenField) and not issubclass(kind, PasswordField):
                options.setdefault("filters", [])
                own = unbound_field.kwargs.pop("filters", [])
                options["filters"] = [*own, tidy, *options["filters"]] if tidy not in own else own
            return super().bind_field(form, unbound_field, options)  # type: ignore[no-any-return]

    @property
    def has_faults(self) -> bool:
        """Whether anything is wrong with what was sent."""
        return bool(self.errors)

    def is_sent(self) -> bool:
        """Whether the form was sent and every field holds what it should."""
        return bool(self.validate_on_submit())

    def problems(self) -> "Problems":
        """A block in which Invalid and Conflict become messages of this form, with everything undone."""
        return Problems(self)

    def tell_differences(self) -> None:
        """Say beside each field what is stored by now, where that is not what was typed."""
        fields = [field for field in self if not isinstance(field, HiddenField | PasswordField)]
        if not any(field.object_data for field in fields):
            return
        for field in fields:
            stored = _words_of(field, field.object_data)
            if stored != _words_of(field, field.data):
                field.errors = [*field.errors, f"Saved by now: {stored or 'nothing'}"]

    def on_conflict(self) -> None:
        """Hook: carry the newer version, so that saving once more overwrites knowingly."""

    def typed(self, name: str) -> str:
        """What was typed into a text field, empty when nothing was."""
        return self[name].data or ""

    def attach(self, problem: Invalid) -> None:
        """Put each message of a refusal beside its field, or above the form where there is no such field."""
        for name, message in problem.fields.items():
            if name in self._fields:
                self[name].errors = [*self[name].errors, message]
            else:
                self.form_errors.append(message)
        if not problem.fields:
            self.form_errors.append(problem.says)

    def validate(self, extra_validators: Any = None) -> bool:
        """The usual checks, and that no text holds characters that no database can store."""
        ok = super().validate(extra_validators=extra_validators)
        for field in self._fields.values():
            field.raw_data = [v.translate(CONTROL) if isinstance(v, str) else v for v in field.raw_data or []]
            if isinstance(field.data, str) and not _is_storable(field.data):
                field.errors = [*field.errors, "This holds characters that cannot be stored."]
                field.data = field.data.encode("utf-8", "replace").decode()
                ok = False
        return bool(ok)


def _words_of(field: Field, value: object) -> str:
    """A field's value as people read it."""
    if isinstance(field, SelectFieldBase):
        chosen = {str(item) for item in (value if isinstance(value, list | set | tuple) else [value])}
        labels = [str(label) for key, label, *_ in field.iter_choices() if str(key) in chosen]
        return ", ".join(labels) if value not in (None, "") else ""
    if isinstance(field, PhoneField):
        return formats.phone(str(value or ""))
    if isinstance(value, bool):
        return "yes" if value else ""
    return " ".join(str(value).split()) if value is not None else ""


class Problems:
    """Catches a service's Invalid or Conflict: undoes, keeps what was typed, shows the message in the form."""

    def __init__(self, form: Form) -> None:
        self.form = form

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(
        self, _kind: type[BaseException] | None, problem: BaseException | None, _trace: TracebackType | None
    ) -> bool:
        """Whether the exception was one of ours, and is dealt with."""
        if isinstance(problem, Invalid):
            self.form.attach(problem)
        elif isinstance(problem, Conflict):
            self.form.form_errors.append(
                f"{problem.says} What you typed is still here, and beside it what is saved by now. Save again to put "
                "yours in its place, or cancel."
            )
            self.form.tell_differences()
        else:
            return False
        db.session.rollback()
        if isinstance(problem, Conflict):
            self.form.on_conflict()
        return True


def optional_int(value: object) -> int | None:
    """Coerce for select fields whose first option is empty."""
    text = str(value) if value not in (None, "", "None") else ""
    if not text:
        return None
    if not text.isdecimal() or len(text) > 9:  # noqa: PLR2004 fits every database's integer
        raise ValueError("not a choice")
    return int(text)


class _Choices(SelectFieldBase):
    """Takes (value, label) pairs, and says what is wrong as a sentence."""

    def __init__(self, *args: Any, choices: Any = None, **kwargs: Any) -> None:
        made = [SelectChoice(*pair) if isinstance(pair, tuple) else pair for pair in choices or []]
        super().__init__(*args, choices=made, **kwargs)  # type: ignore[call-arg]

    def pre_validate(self, form: Any) -> None:
        """Refuse what is not among the choices."""
        try:
            super().pre_validate(form)
        except ValidationError:
            raise ValidationError("Choose from the list.") from None


class PhoneField(StringField):
    """A phone number, shown as people write it."""

    def _value(self) -> str:
        return formats.phone(str(self.data or ""))


class ChoiceField(_Choices, SelectField):
    """One of a list."""


class ManyField(_Choices, SelectMultipleField):
    """Several of a list, for chips and check boxes."""


class SegmentField(_Choices, RadioField):
    """One of a few, all of them shown."""
