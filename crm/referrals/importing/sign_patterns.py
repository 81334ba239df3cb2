"""What values look like that identify patients, or that tell what a column means: one pattern for each sign. Pure.

Beside each pattern stands its shape: the same pattern for the value with `a` for every letter and `9` for every digit.
A value that a pattern finds has a shape that its shape finds, so where few shapes occur few values need a closer look.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import compress, filterfalse
from operator import not_

Finds = Callable[[str], re.Match[str] | None]


@dataclass(frozen=True)
class Pattern:
    """How one look is found, in a value of one line. `within` is for what may stand in the middle of it."""

    look: str  # '' where the shape alone decides
    shape: str
    within: bool = False
    any_case: bool = False

    @property
    def finds(self) -> Finds:
        """Finds the look in a value."""
        compiled = re.compile(self.look, re.IGNORECASE if self.any_case else 0)
        return compiled.search if self.within else compiled.match

    @property
    def may_find(self) -> Finds:
        """Finds its shape in the shape of a value."""
        compiled = re.compile(self.shape)
        return compiled.search if self.within else compiled.match


VIN = re.compile(r"[A-HJ-NPR-Z0-9]{17}\Z")
VIN_VALUES = {
    c: v for v, letters in enumerate(["", "AJ", "BKS", "CLT", "DMU", "ENV", "FW", "GPX", "HY", "RZ"]) for c in letters
}
VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
_L, _LN = "[AC-HJKMNP-RT-Y]", "[AC-HJKMNP-RT-Y0-9]"
_DATE = r"(?:\d{1,2}[/.-]\d{1,2}[/.-](?:\d{4}|\d{2})|\d{4}[/.-]\d{1,2}[/.-]\d{1,2}|(?:19|20)\d{6})"
_DATE_SHAPE = r"(?:99?[/.-]99?[/.-](?:9{4}|9{2})|9{4}[/.-]99?[/.-]99?|9{8})"
_DASH = "[- \u2013\u2011]"
# By the names of the counts in `ValueSigns`, and two that find a year.
PATTERNS: dict[str, Pattern] = {
    # Look-behinds stand after the first character: so the engine skips to characters that can begin a match.
    "ssn": Pattern(
        rf"[0-8](?<![\d-][0-8])\d{{2}}(?<!000)(?<!666)({_DASH})(?!00)\d{{2}}\1(?!0000)\d{{4}}(?!-?\d)",
        rf"999{_DASH}99{_DASH}9999",
        within=True,
    ),
    "mbi": Pattern(
        rf"[1-9](?<![\w-][1-9]){_L}{_LN}\d(?:-| )?{_L}{_LN}\d(?:-| )?{_L}{{2}}\d\d(?![\w-])",
        r"9a[a9]9[- ]?a[a9]9[- ]?aa99",
        within=True,
        any_case=True,
    ),
    "icd": Pattern(r"[A-TV-Z]\d[0-9A-Z](?:\.[0-9A-Z]{1,4})?\b", r"a9[9a](?:\.[9a]{1,4})?\b"),
    "dotted_icd": Pattern(r"[A-TV-Z]\d[0-9A-Z]\.[0-9A-Z]{1,4}\b", r"a9[9a]\.[9a]{1,4}\b"),
    "phone": Pattern(
        r"(?:(?:\+?1[ .-]?)?\(?[2-9]\d{2}\)?[ .-]\d{3}[ .-]\d{4}(?: ?(?:x|ext\.?) ?\d{1,6})?|[2-9]\d{9})\Z",
        r"(?:(?:\+?9[ .-]?)?\(?999\)?[ .-]999[ .-]9999(?: ?(?:a|aaa\.?) ?9{1,6})?|9{10})\Z",
    ),
    "web": Pattern(
        r"(?:https?://\S+|www\.\S+|\d{1,3}(?:\.\d{1,3}){3})\Z",
        r"(?:aaaaa?://\S+|aaa\.\S+|9{1,3}(?:\.9{1,3}){3})\Z",
        any_case=True,
    ),
    "uuid": Pattern(
        r"(?:[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9a-f]{32,64})\Z",
        r"(?:[9a]{8}-(?:[9a]{4}-){3}[9a]{12}|[9a]{32,64})\Z",
        any_case=True,
    ),
    "email": Pattern(r"[^\s@]{1,64}@[^\s@]{1,190}\.[a-z]{2,}\Z", r"[^\s@]{1,64}@[^\s@]{1,190}\.a{2,}\Z", any_case=True),
    "vin": Pattern(VIN.pattern, r"[9a]{17}\Z"),
    "npi_like": Pattern(r"[12]\d{9}(?:\.0)?\Z", r"9{10}(?:\.9)?\Z"),
    "numbers": Pattern("", r"[-+$(]?[9,]*\.?9+\)?%?\Z"),
    "codes": Pattern("", r"9{5,12}\Z"),
    "dates": Pattern(rf"{_DATE}(?:[T ].{{0,20}})?\Z", rf"{_DATE_SHAPE}(?:[a ].{{0,20}})?\Z"),
    "day_first": Pattern(
        r"(?:1[3-9]|2\d|3[01])[/.-]\d{1,2}[/.-]\d{2,4}(?![\d/.-])", r"99[/.-]99?[/.-]9{2,4}(?![9/.-])"
    ),
    "month_first": Pattern(
        r"\d{1,2}[/.-](?:1[3-9]|2\d|3[01])[/.-]\d{2,4}(?![\d/.-])", r"99?[/.-]99[/.-]9{2,4}(?![9/.-])"
    ),
    "year": Pattern(
        r"(?:\d{1,2}[/.-]\d{1,2}[/.-])?((?:19|20)\d{2})(?:[/.-]\d{1,2}[/.-]\d{1,2}|\d{4}(?!\d))?(?=[T ]|\Z)",
        r"(?:99?[/.-]99?[/.-])?9{4}(?:[/.-]99?[/.-]99?|9{4})?(?=[a ]|\Z)",
    ),
    "short_year": Pattern(r"\d{1,2}[/.-]\d{1,2}[/.-](\d{2})(?=[T ]|\Z)", r"99?[/.-]99?[/.-]99(?=[a ]|\Z)"),
}


def is_vin(text: str) -> bool:
    """Whether a text is a vehicle's number: 17 characters, of which the ninth is the check digit."""
    if not VIN.match(text):
        return False
    total = sum(w * (int(c) if c.isdigit() else VIN_VALUES[c]) for w, c in zip(VIN_WEIGHTS, text, strict=True))
    return text[8] == "0123456789X"[total % 11]


FINDS: dict[str, Callable[[str], object]] = {
    **{look: pattern.finds for look, pattern in PATTERNS.items() if pattern.look},
    "vin": is_vin,
}
YEARS = {look: PATTERNS[look].finds for look in ("year", "short_year")}  # the year is their group 1
_MAY_FIND = [(look, pattern.may_find) for look, pattern in PATTERNS.items()]
_MAY_BEGIN = re.compile("|".join(pattern.shape for pattern in PATTERNS.values() if not pattern.within)).match
_MAY_HOLD = re.compile("|".join(pattern.shape for pattern in PATTERNS.values() if pattern.within)).search


class _Shapes(dict[int, str]):
    """A table for `str.translate`, filled as signs turn up; what is neither letter nor digit stays."""

    def __missing__(self, code: int) -> str:
        sign = chr(code)
        self[code] = shape = "a" if sign.isalpha() else "9" if sign.isdecimal() else sign
        return shape


_SHAPES = _Shapes()


def shape_of(text: str) -> str:
    """A text with `a` for every letter and `9` for every digit."""
    return text.translate(_SHAPES)


@lru_cache(maxsize=20_000)
def looks_of(shape: str) -> frozenset[str]:
    """What a value of this shape may look like: the names of all patterns that could find it."""
    if not _MAY_BEGIN(shape) and not _MAY_HOLD(shape):
        return frozenset()
    return frozenset(look for look, may_find in _MAY_FIND if may_find(shape))


def misfits(values: list[str], fits: Callable[[str], object]) -> Iterator[str]:
    """The values that do not fit, for a rule in which a letter is as good as `a` and a digit as `9` wherever it accepts
    those: then whatever has a shape that fits does too, and few shapes need a look."""
    text = "\n".join(values)
    if text.count("\n") >= len(values):
        return filterfalse(fits, values)
    shapes = shape_of(text).split("\n")
    fitting = set(filter(fits, set(shapes)))
    return filterfalse(fits, compress(values, map(not_, map(fitting.__contains__, shapes))))
