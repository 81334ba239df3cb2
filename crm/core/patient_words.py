"""Signs of a patient in what people type: pure rules that name the sign, never the words that gave it away.

Two signs are refused outright, for nothing else looks like them: social security numbers and Medicare numbers (MBI).
The others are doubtful (a birth date, a record number, a name, a case), so the writer is asked.
"""

import re
import unicodedata
from collections.abc import Collection, Mapping
from enum import StrEnum

from crm.core.errors import Invalid


class Sign(StrEnum):
    """What in a text may identify a patient."""

    SSN = "a social security number"
    MBI = "a Medicare number"
    BIRTH_DATE = "a birth date"
    RECORD_NUMBER = "a record number"
    NAME = "a patient's name"
    CASE = "a patient's age and condition"


REFUSED = frozenset({Sign.SSN, Sign.MBI})

_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec)[a-z]*\.?"
_DATE = (
    r"(?:\d{1,4}\s?[/.\-]\s?\d{1,2}\s?[/.\-]\s?\d{1,4}|\d{6}(?:\d\d)?"
    rf"|{_MONTH}\s?\d{{1,2}}(?:st|nd|rd|th)?,?\s?\d{{2,4}}|\d{{1,2}}(?:st|nd|rd|th)?\s?{_MONTH},?\s?\d{{2,4}})"
)
# A Medicare number never uses S, L, O, I, B or Z: https://www.cms.gov/medicare/new-medicare-card
_L = "[ac-hj-kmnp-rt-y]"
_LN = "[0-9ac-hj-kmnp-rt-y]"
_AGE = (
    r"\d{1,3}\s?-?\s?(?:(?:y\.?/?o\.?|yrs?\.?|years?)(?:[\s-]*old)?)\b[\s-]*"
    r"(?:(?:white|black|hispanic|asian)\s)?(?:male|female|man|woman|boy|girl|lady|gentleman|[mf]|patient|pt)\b"
    r"|\d{1,3}\s?/?\s?(?:[mf]|male|female)\b"
)
_CONDITION = (
    r"(?:with|w/|c/o|s/p|h/o|hx|has|had|having|presents?|presenting|presented|complain\w*|diagnosed|dx|status post|"
    r"post|suffer\w*|needs?|needing|referred for|history of|in for|admitted)"
)
# Words that follow "patient" or "PT" (physical therapy) in the names of departments, firms and programs.
_NOT_NAMES = frozenset(
    re.findall(
        r"\w+",
        """
        access accounting advocate advocacy affairs and appointment appointments care center centered central clinic
        clinics communication coordination coordinator department dept director education engagement eval evals
        evaluation experience family feedback financial first flow fusion group handout handouts home info
        information intake liaison manager navigation navigator network office options or order orders ot outcomes
        outreach partners payment pop portal program progress provider providers quality referral referrals
        registration rehab relations representative safety satisfaction scheduling select service services slp
        solutions st support survey surveys team therapy transfer transport transportation volume volumes wait works
        """,
    )
)
_NAME = r"(?P<name>[A-Z][A-Za-z'’-]*[a-z])"

_SIGNS: dict[Sign, list[re.Pattern[str]]] = {
    Sign.SSN: [
        re.compile(r"(?<![\d-])(?!000|666|9\d\d)\d{3}\s?-\s?(?!00)\d{2}\s?-\s?(?!0000)\d{4}(?!-?\d)"),
        re.compile(
            r"\b(?:ssn|s\.s\.n\.|soc\.? ?sec\.?|social(?: security)?)(?: (?:number|no\.?|num|is))*\W{0,4}"
            r"(?!000|666|9)\d{3}[ -]?\d{2}[ -]?\d{4}(?!\d)",
            re.IGNORECASE,
        ),
    ],
    Sign.MBI: [
        re.compile(
            rf"(?<![\w-])[1-9]{_L}{_LN}\d(?:\s?-\s?| )?{_L}{_LN}\d(?:\s?-\s?| )?{_L}{{2}}\d\d(?![\w-])",
            re.IGNORECASE,
        )
    ],
    Sign.BIRTH_DATE: [
        re.compile(
            r"\b(?:d\.?\s?o\.?\s?b\b\.?|date of birth|birth\s?date|b-?day|birthday)"
            rf"[^\w\n]{{0,4}}(?:(?:is|was|of|on)\s)?\W{{0,3}}{_DATE}",
            re.IGNORECASE,
        ),
        re.compile(rf"\bborn[^\w\n]{{0,3}}(?:(?:on|in)\s)?(?:the\s)?{_DATE}", re.IGNORECASE),
    ],
    Sign.RECORD_NUMBER: [
        re.compile(
            r"\b(?:mrn|m\.r\.n\.?|mr ?(?:#|no\b\.?)|med(?:ical)?\.? rec(?:ord)?s?|chart ?(?:#|number|num|no\b\.?)"
            r"|(?:patient|pt|epic|member|medicaid|medicare) ?id)(?: ?(?:number|num|no\b\.?|#|id|is|was|ending in))*"
            r"[^\w\n]{0,4}[a-z]{0,3}-?\d{4,}",
            re.IGNORECASE,
        ),
    ],
    Sign.NAME: [
        re.compile(
            r"\b(?:[Pp]atients?|PATIENT|[Pp]ts?|PT)\.?:?,? (?:(?:is|named?|called|Mr|Mrs|Ms)\.?:? ){0,2}" + _NAME
        ),
        re.compile(r"\b(?:[Mm]rs?|[Mm]iss|M[Rr]s?|MRS|Ms)\.? ?(?P<name>[A-Z][A-Za-z'’-]+)"),
        re.compile(
            r"\b(?:patient|pt)(?:'s)? (?:name|named|called)(?: is|:)?\s+(?P<name>[A-Za-z][a-z'’-]+)", re.IGNORECASE
        ),
    ],
    Sign.CASE: [re.compile(rf"(?<![\d.$-])\b(?:{_AGE})(?:[\w ,;-]{{0,30}}?[\s,;(]){_CONDITION}(?!\w)", re.IGNORECASE)],
}

# No name is there without one of these words, and nothing else without a digit: most texts need no closer look.
_NAMING = re.compile(r"pt|pati|m(?:r|s|iss)", re.IGNORECASE)
_DIGIT = re.compile(r"\d")


def signs_in(text: str | None, known_names: Collection[str] = ()) -> frozenset[Sign]:
    """Which signs of a patient a text shows. `known_names` may stand there: staff, providers."""
    plain = folded(text or "")
    known = {word.casefold() for name in known_names for word in re.findall(r"[^\W\d_]+", name)}
    possible = {*(_SIGNS if _DIGIT.search(plain) else ()), *((Sign.NAME,) if _NAMING.search(plain) else ())}
    return frozenset(sign for sign in possible if any(_shows(plain, p, known) for p in _SIGNS[sign]))


def check_texts(*, is_confirmed: bool, known_names: Collection[str] = (), **texts: str | None) -> None:
    """Raise Invalid when a text shows a patient. Doubtful signs pass once the writer confirmed that there is none."""
    found = {field: signs_in(text, known_names) for field, text in texts.items()}
    messages = {field: _refusal(signs & REFUSED) for field, signs in found.items() if signs & REFUSED}
    if not is_confirmed and not messages:
        messages = {field: _question(signs) for field, signs in found.items() if signs}
        if messages:
            messages["names_no_patient"] = "Tick this if no patient can be recognized, or change the text."
    if messages:
        raise Invalid(**messages)


def _refusal(signs: Collection[Sign]) -> str:
    return f"This holds {_listed(signs)}. Rounds keeps nothing about patients: take it out."


def _question(signs: Collection[Sign]) -> str:
    return f"This reads like {_listed(signs)}. Rounds keeps nothing about patients."


def _listed(signs: Collection[Sign]) -> str:
    return " and ".join(sign.value for sign in Sign if sign in signs)


def folded(text: str) -> str:
    """A text as a person reads it: digits, dashes and blanks of other scripts made plain, invisible signs taken out.

    Full-width digits, typographic dashes and line-break spaces must not hide a number.
    """
    if text.isascii():
        return text
    return unicodedata.normalize("NFKC", text).translate(_FOLDED)


class _Folded(dict[int, str | int | None]):
    """What becomes of each sign, found out when it is first met."""

    def __missing__(self, code: int) -> str | int | None:
        sign = chr(code)
        kind = unicodedata.category(sign)
        if kind == "Nd":
            self[code] = str(unicodedata.digit(sign))
        elif kind == "Pd" or sign in "\u2043\u2212":
            self[code] = "-"
        elif kind == "Cf" or "\ufe00" <= sign <= "\ufe0f" or sign in "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164":
            self[code] = None
        else:
            self[code] = code
        return self[code]


_FOLDED = _Folded()


def _shows(text: str, pattern: re.Pattern[str], known: Collection[str]) -> bool:
    return any(_is_meant(match.groupdict(), known) for match in pattern.finditer(text))


def _is_meant(groups: Mapping[str, str], known: Collection[str]) -> bool:
    name = re.sub(r"['’]s$", "", groups.get("name", "")).casefold()
    return name not in known and name not in _NOT_NAMES
