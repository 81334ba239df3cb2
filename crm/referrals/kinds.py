"""What lists and numbers say of the kinds of sources: of practices, and of those who are no practice. Pure."""

from crm.core.formats import number
from crm.referrals.models import SourceKind

KIND_WORDS = {
    SourceKind.PRACTICE: "Practice",
    SourceKind.PATIENT: "Patient",
    SourceKind.ADVERT: "Advertising",
    SourceKind.SELF: "Self-referral",
}

# By what a form sends.
APART = {kind.value: words for kind, words in KIND_WORDS.items() if kind is not SourceKind.PRACTICE}


def says_source(kind: SourceKind | None, name: str) -> str:
    """A source that is no practice, in words: `Self-referral`, `Advertising (Billboard)`; nothing for a practice."""
    if kind is None or kind is SourceKind.PRACTICE:
        return ""
    words = KIND_WORDS[kind]
    return f"{words} ({name})" if kind is SourceKind.ADVERT and name and name.lower() != words.lower() else words


def says_coverage(matched: int, received: int, apart: int) -> str:
    """How many referrals matched a practice, of those that came from one; `apart` came from no practice."""
    if not apart:
        return f"{number(matched)} of {number(received)} referrals matched a practice"
    others = f"{number(apart)} more came from no practice"
    return f"{number(matched)} of {number(received - apart)} referrals matched a practice; {others}"
