"""Credentials as they are printed on a card: `M.D., PH.D.` becomes `MD, PhD`."""

import re

SEPARATOR = re.compile(r"[,;/&]+")
DOTS = re.compile(r"\.\s*")
SPACED_LETTERS = re.compile(r"(?:[A-Z] )+[A-Z]")
NOTHING = {"", "-", "--", "NA", "NONE", "NULL", "X", "XX", "UNKNOWN"}
SPELLED = {
    "PHD": "PhD", "PSYD": "PsyD", "PHARMD": "PharmD", "EDD": "EdD", "DRPH": "DrPH", "AUD": "AuD", "OTD": "OTD",
    "MED": "MEd", "RPH": "RPh", "SCD": "ScD", "MSED": "MSEd", "PAC": "PA-C", "NPC": "NP-C", "FNPC": "FNP-C",
    "FNPBC": "FNP-BC", "RPAC": "RPA-C", "ARNPC": "ARNP-C", "PA C": "PA-C", "NP C": "NP-C", "FNP C": "FNP-C",
    "M-D": "MD", "OTRL": "OTR/L", "DIPLAC": "DiplAc", "LAC": "LAc", "EDS": "EdS",
}  # fmt: skip
# Degrees that often stand side by side with only a blank between them.
DEGREES = frozenset(
    "APRN ARNP CNM CNP CNS CRNA CRNP DC DDS DMD DNP DO DPM DPT FACC FACOG FACP FACS FAAP FNP FNP-BC FNP-C LCSW MBA MD "
    "MPH MPT MS MSN MSW NP OD OT PA PA-C PC PHARMD PHD PSYD PT RN".split()
)
# Forms of business that some write after their degree: no credentials.
BUSINESS = frozenset("INC LLC PC PLLC".split())
MAX_LENGTH = 60


def clean_credentials(text: str) -> str:
    """The credentials, each spelled in the usual way, separated by commas; '' when nothing is said."""
    parts = [word for part in SEPARATOR.split(text.upper()) for word in _words(part)]
    kept = list(dict.fromkeys(_spelled(part) for part in parts if part not in NOTHING | BUSINESS))
    while len(", ".join(kept)) > MAX_LENGTH:
        kept.pop()
    return ", ".join(kept)


def _words(part: str) -> list[str]:
    plain = " ".join(DOTS.sub("", part).split()) if "." in part else " ".join(part.split())
    if SPACED_LETTERS.fullmatch(plain):
        return [plain.replace(" ", "")]
    words = plain.split(" ")
    if len(words) > 1 and all(word in DEGREES | BUSINESS for word in words):
        return words
    return [plain]


def _spelled(word: str) -> str:
    return SPELLED.get(word, word)
