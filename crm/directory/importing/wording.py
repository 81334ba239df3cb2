"""Names in readable case: CMS writes everything in capitals. What has small letters already was cased by somebody."""

import re
from functools import lru_cache

NAME_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")
WORD = re.compile(r"[^\W_]+(?:['\u2019.][^\W_]+)*\.?")
NUMERAL = re.compile(r"(?:II|III|IV|VI|VII|VIII)", re.IGNORECASE)
ORDINAL = re.compile(r"[0-9]+(?:ST|ND|RD|TH)", re.IGNORECASE)
INITIALS = re.compile(r"(?:[^\W\d_]\.)+[^\W\d_]?\.?")
VOWELS = re.compile(r"[AEIOUY]", re.IGNORECASE)
# Only names that are surely Scottish: Macon, Mack and Macy are not.
_MAC = (
    "MACARTHUR MACAULAY MACCALLUM MACDONALD MACDOUGALL MACFARLANE MACGREGOR MACINTOSH MACINTYRE MACKENZIE MACKINNON "
    "MACLACHLAN MACLEAN MACLELLAN MACLEOD MACMILLAN MACNEIL MACPHERSON MACRAE"
)
MAC_NAMES = frozenset(_MAC.split())
APOSTROPHE_HEADS = frozenset({"D", "DE", "L", "N", "O"})
MC_HEAD = 2
SUFFIXES = {"JR": "Jr.", "SR": "Sr.", "JR.": "Jr.", "SR.": "Sr."}
_SMALL = "an and at by for from in of on or the to with"
SMALL_WORDS = frozenset(_SMALL.split())
_CAPITALS = (
    "AFB APC APMC ASC CHP CNM CRNA CT DBA DC DDS DMD DO DPM ECG EEG EMS ENT ER FNP FQHC GI HIV ICU II III IV LC LCSW "
    "LLC LLLP LLP LP LTAC MD MRI NA NP NY NYU OB OD OT PA PC PET PL PLC PLLC PMHNP PSC PT PTA RN SC SNF "
    "UCLA UCSF UPMC US USA USC VA VNA WIC YMCA YWCA"
)
CAPITALS = frozenset(_CAPITALS.split())
SHORT_WORDS = {
    "INC": "Inc",
    "CO": "Co",
    "CORP": "Corp",
    "LTD": "Ltd",
    "DR": "Dr",
    "JR": "Jr",
    "SR": "Sr",
    "ST": "St",
    "MT": "Mt",
    "FT": "Ft",
}
_ADDRESS = "N S E W NE NW SE SW NNE PO US MLK FM CR SR USAF USA VA APO FPO AFB"
ADDRESS_CAPITALS = frozenset(_ADDRESS.split())
_SHORT_ADDRESS = (
    "ST RD DR LN CT PL SQ CTR CIR HWY PKWY BLVD TPKE TRL TER BLDG STE FL RM DEPT APT MTN PLZ XING FWY EXPY RTE LK FLS "
    "BYP PT FT MT JCT VLY HTS HBR SPGS GRV CRK"
)
SHORT_ADDRESS_WORDS = frozenset(_SHORT_ADDRESS.split())


@lru_cache(maxsize=1 << 15)  # the same names come again and again, in millions of rows
def person_case(text: str) -> str:
    """`MCDONALD` -> `McDonald`, `O'BRIEN-SMITH` -> `O'Brien-Smith`, `SMITH III` -> `Smith III`."""
    return NAME_WORD.sub(lambda match: _name_word(match[0]), text) if _is_one_case(text) else text


def suffix_case(text: str) -> str:
    """`JR` and `JR.` -> `Jr.`, `iii` -> `III`."""
    return SUFFIXES.get(text.upper(), text.upper()) if len(text) <= 4 else person_case(text)  # noqa: PLR2004 VIII


def organization_case(text: str) -> str:
    """`ST LUKE'S CLINIC OF OHIO, LLC` -> `St Luke's Clinic of Ohio, LLC`."""
    if not _is_one_case(text):
        return text
    cased = WORD.sub(lambda match: _organization_word(match[0], is_first=match.start() == 0), text)
    return cased[:1].upper() + cased[1:]


def address_case(text: str) -> str:
    """`1824 N KING ST STE 3B` -> `1824 N King St Ste 3B`."""
    return WORD.sub(lambda match: _address_word(match[0]), text) if _is_one_case(text) else text


def sentence_case(text: str) -> str:
    """`GERIATRIC MEDICINE` -> `Geriatric medicine`."""
    return text[:1].upper() + text[1:].lower() if _is_one_case(text) else text


def _is_one_case(text: str) -> bool:
    return text.isupper() or text.islower()


def _name_word(word: str) -> str:
    if NUMERAL.fullmatch(word):
        return word.upper()
    head, mark, rest = word.partition("'") if "'" in word else word.partition("\u2019")
    if mark:
        is_prefix = head.upper() in APOSTROPHE_HEADS and len(rest) > 1
        return head.capitalize() + mark + (_name_word(rest) if is_prefix else rest.lower())
    return _surname(word)


def _surname(word: str) -> str:
    upper = word.upper()
    for head in ("MC", "MAC"):
        has_head = upper in MAC_NAMES if head == "MAC" else upper.startswith("MC") and len(word) > MC_HEAD + 1
        if has_head and upper.startswith(head):
            return head.capitalize() + word[len(head) :].capitalize()
    return word.capitalize()


def _organization_word(word: str, *, is_first: bool) -> str:
    bare = word.replace(".", "").upper()
    if INITIALS.fullmatch(word) or bare in CAPITALS or any(letter.isdigit() for letter in word):
        return word.lower() if ORDINAL.fullmatch(word) else word.upper()
    if bare in SHORT_WORDS:
        return SHORT_WORDS[bare] + ("." if word.endswith(".") else "")
    if word.lower() in SMALL_WORDS and not is_first:
        return word.lower()
    if not VOWELS.search(word):
        return word.upper()
    return _name_word(word)


@lru_cache(maxsize=1 << 15)
def _address_word(word: str) -> str:
    bare = word.rstrip(".").upper()
    if ORDINAL.fullmatch(bare):
        return word.lower()
    if bare in ADDRESS_CAPITALS or len(bare) == 1 or any(letter.isdigit() for letter in word):
        return word.upper()
    if bare in SHORT_ADDRESS_WORDS:
        return word.capitalize()
    if bare in CAPITALS:
        return word.upper()
    if word.lower() in SMALL_WORDS:
        return word.lower()
    return _name_word(word) if VOWELS.search(word) else word.capitalize()
