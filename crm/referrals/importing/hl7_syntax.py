"""How HL7 version 2 is written: messages of segments, the signs that part their fields, escapes. Pure.

The signs are those that the MSH segment of each message declares. Lines may end in CR, LF or both; the bytes that frame
messages on a wire (MLLP) and the headers of batches (FHS, BHS, BTS, FTS) are passed over.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from crm.core.errors import Invalid

FRAME = "\x0b\x1c\ufeff \t\r\n"
BATCH = ("FHS", "BHS", "BTS", "FTS")
HEADERS = (*BATCH, "MSH")
SEGMENT = re.compile(r"[A-Z][A-Z0-9]{2}(?![A-Za-z0-9])")
ENCODING_SIGNS = 4
NULL = '""'  # means "delete what you have"
DIVIDED = "A segment is divided over several lines"


class MalformedError(ValueError):
    """A message that is not written as HL7 is; the text says how, without a word of it."""


@dataclass(frozen=True)
class Signs:
    """What parts fields, components, repetitions and subcomponents, and what begins and ends an escape."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"

    @classmethod
    def of(cls, header: str) -> "Signs":
        """The signs that an MSH segment declares. Raises MalformedError."""
        first, declared = header[3:4], header[4:].split(header[3:4] or "|", 1)[0][:ENCODING_SIGNS]
        signs = first + declared
        is_plain = all(sign.isprintable() and not sign.isalnum() and not sign.isspace() for sign in signs)
        if len(signs) <= ENCODING_SIGNS or len(set(signs)) < len(signs) or not is_plain:
            raise MalformedError("MSH does not declare the five signs that part its fields")
        return cls(*signs)

    def unescaped(self, text: str) -> str:
        """The text behind escapes: `\\F\\` is a field sign, `\\X41\\` a byte, formatting becomes blanks."""
        if self.escape not in text:
            return text
        sign = re.escape(self.escape)
        return re.sub(rf"{sign}([^{sign}]{{0,200}}){sign}", self._meaning, text)

    def _meaning(self, found: re.Match[str]) -> str:
        name = found[1]
        plain = {
            "F": self.field, "S": self.component, "R": self.repetition, "E": self.escape, "T": self.subcomponent,
        }  # fmt: skip
        if name in plain:
            return plain[name]
        if re.fullmatch(r"X(?:[0-9A-Fa-f]{2})+", name):
            data = bytes.fromhex(name[1:])
            try:
                return data.decode("utf-8")
            except UnicodeDecodeError:
                return data.decode("latin-1")
        return " " if name.startswith(".") else ""


@dataclass
class Message:
    """The wanted segments of one message, by their names, each as its fields; or how it is malformed."""

    number: int
    signs: Signs = field(default_factory=Signs)
    segments: dict[str, list[list[str]]] = field(default_factory=dict)
    malformed: str = ""

    def take(self, line: str, last: str, wanted: frozenset[str]) -> str:
        """Keep a line when its segment is wanted; no other is parted into fields. Returns the name of its segment.

        A line that begins none goes on with the last one: a note, or a wanted one that is then cut in two."""
        name = line[:3]
        if name in BATCH:
            return name
        if not SEGMENT.match(line):
            if last in wanted or last in HEADERS:
                self.malformed = self.malformed or DIVIDED
            return last
        if name in wanted:
            self.segments.setdefault(name, []).append(line.split(self.signs.field))
        return name

    def fields(self, name: str, number: int) -> list[str]:
        """The repetitions of a field of the first segment of a name, as HL7 numbers fields."""
        return self.repetitions(self.first_of(name), number)

    def first_of(self, name: str) -> list[str]:
        """The fields of the first segment of a name; none when there is no such segment."""
        return next(iter(self.segments.get(name, [])), [])

    def is_null(self, segment: list[str], number: int) -> bool:
        """Whether a field of a segment says that there is nothing any more."""
        parts = self.repetitions(segment, number)
        return bool(parts) and parts[0].split(self.signs.component)[0].strip() == NULL

    def repetitions(self, segment: list[str], number: int) -> list[str]:
        """The repetitions of a field of a segment; none when the field is empty."""
        text = segment[number] if number < len(segment) else ""
        return [part for part in text.split(self.signs.repetition) if part]

    def component(self, repetition: str, number: int) -> str:
        """A component without escapes; '' when it is not there or is HL7's null."""
        parts = repetition.split(self.signs.component)
        text = parts[number - 1].strip() if number <= len(parts) else ""
        return "" if text == NULL else self.signs.unescaped(text)

    def subcomponent(self, repetition: str, number: int) -> str:
        """The first subcomponent of a component."""
        parts = repetition.split(self.signs.component)
        text = parts[number - 1].split(self.signs.subcomponent)[0].strip() if number <= len(parts) else ""
        return "" if text == NULL else self.signs.unescaped(text)

    def first(self, name: str, number: int, component: int = 1) -> str:
        """A component of the first repetition of a field."""
        found = self.fields(name, number)
        return self.component(found[0], component) if found else ""


def messages(lines: Iterable[str], wanted: frozenset[str], first_number: int = 1) -> Iterator[Message]:
    """The messages in the lines of a file. Of each, only the wanted segments are kept. Raises Invalid when the file
    does not begin with a message."""
    message, last = None, ""
    for line in lines:
        text = line.strip(FRAME)
        if text.startswith("MSH"):
            if message:
                yield message
            message, last = _begun(text, message.number + 1 if message else first_number), "MSH"
        elif message and text:
            last = message.take(text, last, wanted)
        elif text and text[:3] not in BATCH:
            raise Invalid("This is no HL7 file: it does not begin with an MSH segment.")
    if message:
        yield message


def _begun(header: str, number: int) -> Message:
    try:
        signs = Signs.of(header)
    except MalformedError as problem:
        return Message(number, malformed=str(problem))
    # HL7 counts the first sign as the first field of MSH.
    fields = [header[:3], signs.field, *header[4:].split(signs.field)]
    return Message(number, signs, {"MSH": [fields]})
