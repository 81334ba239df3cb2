"""Which addresses are the same place: one key for street, unit and ZIP, however they are written.

CMS puts the unit on the second line, behind the street, or spells it in five ways. What is no unit (a department, the
name of a hospital, "attention ...") does not make another place.
"""

import re

from crm.directory.addresses import NOT_WORDS, SHORT_FORMS, postal_key

UNIT_WORDS = "STE|SUITE|UNIT|APT|RM|ROOM|BLDG|BUILDING|FL|FLOOR|NO|OFC|OFFICE|TOWER|LEVEL|#"
UNIT = re.compile(
    rf"(?:\b(?:{UNIT_WORDS})\b|#)[.:]?\s*#?\s*([A-Z0-9]+(?:-[A-Z0-9]+)*)|\b([0-9]+(?:ST|ND|RD|TH))\s+FL(?:OOR)?\b"
)
GLUED_UNIT = re.compile(r"\b(?:STE|SUITE|UNIT|RM)([0-9]+[A-Z]?)\b")
BARE_UNIT = re.compile(r"[A-Z]?-?[0-9]+(?:-?[A-Z])?|[A-Z]")
STREET = re.compile(r"(?:[0-9]+|ONE|TWO|THREE|FOUR|FIVE|SIX|SEVEN|EIGHT|NINE|TEN)\b.*[A-Z]|[NSEW][0-9]+\b.*[A-Z]")
ALL_SHORT_FORMS = SHORT_FORMS | {
    "terrace": "ter", "trail": "trl", "circle": "cir", "center": "ctr", "centre": "ctr", "plaza": "plz",
    "turnpike": "tpke", "expressway": "expy", "freeway": "fwy", "crossing": "xing", "route": "rte", "rt": "rte",
    "mount": "mt", "fort": "ft", "saint": "st", "northeast": "ne", "northwest": "nw", "southeast": "se",
    "southwest": "sw", "av": "ave", "one": "1", "two": "2", "three": "3",
}  # fmt: skip
POST_BOX = re.compile(r"\b(?:P\.?\s*O\.?|POST OFFICE)\s*BOX\b|\bPOB\b", re.IGNORECASE)


def street_lines(line1: str, line2: str) -> tuple[str, str]:
    """The lines with the street first: some write the name of the house above it."""
    if line2 and not STREET.match(line1.upper()) and STREET.match(line2.upper()):
        return line2, line1
    return line1, line2


def is_post_box(line1: str, line2: str) -> bool:
    """Whether nobody can be visited there."""
    return POST_BOX.search(line1) is not None and not STREET.match(line2.upper())


def place_key(line1: str, line2: str, zip_code: str) -> str:
    """`600 Professional Drive`, `Suite 160A`, 30046-8707 -> `30046 600 professional dr|160a`; '' without a street."""
    street, units = _split_units(line1.upper())
    rest, more = _split_units(line2.upper())
    if not units and not more and BARE_UNIT.fullmatch(rest.strip()):
        more = [rest.strip()]
    words = [ALL_SHORT_FORMS.get(word, word) for word in _words(street, zip_code)]
    unit = "-".join(sorted({unit.lower().replace("-", "") for unit in units + more}))
    return f"{' '.join(words)}|{unit}" if unit and words else " ".join(words)


def _words(street: str, zip_code: str) -> list[str]:
    if street.isascii():  # the same as below, and much faster, in a loop over millions of rows
        words = NOT_WORDS.sub(" ", street.lower()).split()
        return [zip_code[:5], *words] if words else []
    return postal_key(street, zip_code).split()


def _split_units(text: str) -> tuple[str, list[str]]:
    """A line up to its first unit, and its units; a line that only begins with a unit stays whole."""
    found = [match[1] or match[2] for match in UNIT.finditer(text)] + GLUED_UNIT.findall(text)
    if not found:
        return text, []
    starts = [match.start() for pattern in (UNIT, GLUED_UNIT) if (match := pattern.search(text))]
    street = text[: min(starts)].rstrip(" ,-")
    return (street, found) if street or not text[min(starts) :].count(" ") > 1 else (text, [])
