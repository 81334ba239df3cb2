"""What services raise when they cannot do what was asked; one handler turns each into a clear answer."""

from collections.abc import Mapping


class RoundsError(Exception):
    """A refusal that is told to the person in plain words. `status` is the HTTP status of the answer."""

    status = 500
    title = "Something went wrong"

    def __init__(self, says: str = "") -> None:
        super().__init__(says or self.title)
        self.says = says


class Invalid(RoundsError):
    """Values that break a rule. `fields` maps a field's name to what is wrong with it; nothing was changed."""

    status = 422
    title = "Please check what was entered"

    def __init__(self, says: str = "", **fields: str) -> None:
        super().__init__(says or next(iter(fields.values()), ""))
        self.fields: Mapping[str, str] = fields


class NotAllowed(RoundsError):
    """The person may not do this."""

    status = 403
    title = "You may not open this"


class NotFound(RoundsError):
    """There is no such thing, or it lies outside what the person may see: the answer is the same."""

    status = 404
    title = "There is nothing here"


class Conflict(RoundsError):
    """Somebody else changed the same thing in the meantime, or the step was done already."""

    status = 409
    title = "This was changed in the meantime"


class TooLarge(RoundsError):
    """More than the product accepts at once."""

    status = 413
    title = "This is too large"


class TooMany(RoundsError):
    """Too many tries in a short time. `retry_after` is in seconds."""

    status = 429
    title = "Too many tries"

    def __init__(self, says: str = "", retry_after: int = 60) -> None:
        super().__init__(says)
        self.retry_after = retry_after
