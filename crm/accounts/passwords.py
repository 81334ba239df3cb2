"""Password rules and hashing: Argon2id, length over composition, nothing that names the person or the product."""

import unicodedata
from itertools import pairwise

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from crm.core.errors import Invalid

# OWASP's first row for Argon2id: 19 MiB, two passes, one lane; about 30 ms of CPU.
HASHER = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
MIN_LENGTH = 15  # NIST SP 800-63B-4 for a password that is the only factor
MAX_LENGTH = 256
# Hash of no password anybody knows: checked when the account is unknown, so that both cases take as long.
DECOY = HASHER.hash("a decoy that is nobody's password")
COMMON_PARTS = (
    "password", "passwort", "qwerty", "123456", "abcdef", "letmein", "welcome", "iloveyou", "admin", "111111",
    "000000", "asdfgh", "zxcvbn", "monkey", "dragon", "football", "baseball", "sunshine", "princess", "changeme",
)  # fmt: skip
SMALL_VARIETY = 6


def hash_password(password: str) -> str:
    """The Argon2id hash of a password."""
    return HASHER.hash(unicodedata.normalize("NFKC", password))


def is_password(password: str, hashed: str | None) -> bool:
    """Whether a password belongs to a hash; as slow for an unknown account (None) as for a known one."""
    if len(password) > MAX_LENGTH:
        return False
    try:
        HASHER.verify(hashed or DECOY, unicodedata.normalize("NFKC", password))
    except (VerifyMismatchError, InvalidHashError):
        return False
    return hashed is not None


def needs_rehash(hashed: str) -> bool:
    """Whether a hash was made with older settings."""
    return HASHER.check_needs_rehash(hashed)


def check_password(password: str, *, about: tuple[str, ...] = ()) -> None:
    """Raise Invalid unless a new password is good enough. `about` holds names and addresses it must not contain."""
    if len(password) < MIN_LENGTH:
        raise _refusal(f"Use at least {MIN_LENGTH} characters. A few unrelated words are easy to remember.")
    if len(password) > MAX_LENGTH:
        raise _refusal(f"Use at most {MAX_LENGTH} characters.")
    plain = unicodedata.normalize("NFKC", password).lower()
    if _is_too_simple(plain):
        raise _refusal("This is among the first passwords that are tried. Use a few unrelated words.")
    if any(part in plain for word in (*about, "rounds") for part in _parts(word)):
        raise _refusal("Leave your name, your email and the organization out of the password.")


def _refusal(says: str) -> Invalid:
    return Invalid(password=says)


def _is_too_simple(plain: str) -> bool:
    rest = plain
    for part in COMMON_PARTS:
        rest = rest.replace(part, "")
    is_run = all(ord(b) - ord(a) in (0, 1, -1) for a, b in pairwise(plain))
    return len(set(plain)) < SMALL_VARIETY or len(rest) < MIN_LENGTH // 2 or is_run


def _parts(word: str) -> list[str]:
    lowered = unicodedata.normalize("NFKC", word).lower().replace("@", " ").replace(".", " ")
    return [part for part in lowered.split() if len(part) > 3]  # noqa: PLR2004 shorter parts occur in any text
