"""Credentials as they are printed on a card: `M.D., PH.D.` becomes `MD, PhD`."""

import re
from functools import lru_cache

SEPARATOR = re.compile(r"[,;/&]+")
SPACED_LETTERS = re.compile(r"\b(?:[A-Z] )+[A-Z]\b")
NOTHING = {"", "-", "--", "NA", "NONE", "NULL", "X", "XX", "UNKNOWN"}
SPELLED = {
    "PHD": "PhD", "PSYD": "PsyD", "PHARMD": "PharmD", "EDD": "EdD", "DRPH": "DrPH", "AUD": "AuD", "OTD": "OTD",
    "MED": "MEd", "RPH": "RPh", "SCD": "ScD", "MSED": "MSEd", "PAC": "PA-C", "NPC": "NP-C", "FNPC": "FNP-C",
    "FNPBC": "FNP-BC", "RPAC": "RPA-C", "ARNPC": "ARNP-C", "PA C": "PA-C", "NP C": "NP-C", "FNP C": "FNP-C",
    "M-D": "MD", "OTRL": "OTR/L", "DIPLAC": "DiplAc", "LAC": "LAc", "EDS": "EdS",
}  # fmt: skip
# Degrees that often stand side by side with only a blank between them.
_DEGREES = (
    "APRN ARNP CNM CNP CNS CRNA CRNP DC DDS DMD DNP DO DPM DPT FAAN FAAP FACC FACOG FACP FACR FACS FASN FCCP FNP "
    "FNP-BC FNP-C LCSW MBA MD MPH MPT MS MSN MSW NP OD OT PA PA-C PC PHARMD PHD PSYD PT RN"
)
DEGREES = frozenset(_DEGREES.split())
DOCTORS = frozenset({"MD", "DO", "DPM", "DDS", "DMD", "OD", "DC"})
# Forms of business that some write after their degree: no credentials.
BUSINESS = frozenset({"INC", "LLC", "PC", "PLLC"})
MAX_LENGTH = 60


@lru_cache(maxsize=1 << 12)  # most rows say MD
def clean_credentials(text: str) -> str:
    """The credentials, each spelled in the usual way, separated by commas; '' when nothing is said."""
    words = [word for part in SEPARATOR.split(text.upper()) for word in _words(part)]
    if "PA" in words and DOCTORS & set(words):
        words.remove("PA")  # a professional association: doctors are no physician assistants
    kept = list(dict.fromkeys(SPELLED.get(word, word) for word in words if word not in NOTHING | BUSINESS))
    while len(", ".join(kept)) > MAX_LENGTH:
        kept.pop()
    return ", ".join(kept)


def _words(part: str) -> list[str]:
    """What stands between two commas: one credential of several words, or degrees side by side."""
    bare = " ".join(part.replace(".", "").split())
    words = SPACED_LETTERS.sub(lambda match: match[0].replace(" ", ""), bare).split()
    is_row = len(words) > 1 and all(word in DEGREES | BUSINESS for word in words)
    return words if is_row else [" ".join(words)]
