"""The text that search looks things up by: lower case, without accents and punctuation, words apart by one blank."""

import re
import unicodedata

MAX_KEY = 300
NOT_WORDS = re.compile(r"[^0-9a-z]+")
# Inside a word these are no border: O'Brien is found as obrien, Women's as womens.
INSIDE = re.compile(r"['\u2019.]")


def folded(text: str | None) -> str:
    """`José O’Brien-Muñoz` -> `jose obrien munoz`."""
    plain = unicodedata.normalize("NFKD", text or "").lower()
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return NOT_WORDS.sub(" ", INSIDE.sub("", plain)).strip()


def practice_key(name: str | None, city: str | None) -> str:
    """What a practice is found by: its name, then its city."""
    return f"{folded(name)} {folded(city)}".strip()[:MAX_KEY]


def person_key(last_name: str | None, first_name: str | None) -> str:
    """What a person is found by: the last name, then the first."""
    return f"{folded(last_name)} {folded(first_name)}".strip()[:MAX_KEY]


def words_of(text: str, most: int = 6) -> list[str]:
    """The words somebody searches for, in the same form."""
    return folded(text[:200]).split()[:most]


def prefix_range(prefix: str) -> tuple[str, str]:
    """The half-open range of folded texts that begin with `prefix`: an index finds them without LIKE."""
    return prefix, prefix[:-1] + chr(ord(prefix[-1]) + 1)
