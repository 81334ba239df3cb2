"""Password rules and hashing: Argon2id, length over composition, nothing that names the person or the product."""

import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from crm.core.errors import Invalid

# OWASP's first row for Argon2id: 19 MiB, two passes, one lane; about 30 ms of CPU.
HASHER = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
MIN_LENGTH = 15  # NIST SP 800-63B-4 for a password that is the only factor
MAX_LENGTH = 256
# Hash of no password anybody knows: checked when the account is unknown, so that both cases take as long.
DECOY = HASHER.hash("a decoy that is nobody's password")
# Words that the lists of leaked passwords are made of, with substitutes such as @ for a read as the letter.
COMMON_PARTS = (
    "correcthorsebatterystaple", "1234qwer", "1qaz2wsx", "147258369", "password", "passwort", "passw", "qwerty",
    "letmein", "welcome", "iloveyou", "changeme", "trustno", "secret", "admin", "administrator", "login", "monkey",
    "dragon", "football", "baseball", "basketball", "hockey", "soccer", "sunshine", "princess", "superman",
    "batman", "spiderman", "starwars", "startrek", "pokemon", "master", "shadow", "michael", "michelle", "jordan",
    "jennifer", "jessica", "christopher", "charlie", "thomas", "daniel", "ashley", "liverpool", "chelsea",
    "arsenal", "manchester", "united", "barcelona", "america", "computer", "internet", "samsung", "google",
    "facebook", "whatever", "freedom", "forever", "butterfly", "chocolate", "cookie", "summer", "winter", "spring",
    "autumn", "hospital", "doctor", "nurse", "medical", "unbelievable", "thisis", "somuch", "please", "hello",
    "myname", "mypass", "test", "blink",
)  # fmt: skip
SUBSTITUTES = str.maketrans("@$0!3", "asoie")
KEY_ROWS = ("`1234567890-=", "qwertyuiop[]", "asdfghjkl;'", "zxcvbnm,./")
SHIFTED = str.maketrans('~!@#$%^&*()_+{}:"<>?', "`1234567890-=[];',./")
SMALL_VARIETY = 6
FEW_STEPS = 4  # so many characters must be no neighbors of those before them


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
    """Whether little is left of a password without common words, repetition and runs over the keyboard."""
    whole = _without_repetition("".join(plain.split()))
    if len(set(whole)) < SMALL_VARIETY:
        return True
    rest = min(_without_common(whole), _without_common(whole.translate(SUBSTITUTES)), key=len)
    return len(rest) <= MIN_LENGTH // 2 or _surprises(rest) < FEW_STEPS


def _without_common(plain: str) -> str:
    for part in COMMON_PARTS:
        plain = plain.replace(part, "")
    return plain


def _without_repetition(plain: str) -> str:
    """`abc123abc123abc` once: `abc123`."""
    period = (plain + plain).find(plain, 1)
    shorter = next((n for n in range(1, len(plain) // 2 + 1) if plain[n:] == plain[:-n]), period)
    return plain[:shorter] if 0 < shorter < len(plain) else plain


def _surprises(plain: str) -> int:
    """How many letters are no neighbor, on the keyboard or in the alphabet, of one of the two before."""
    keys = plain.translate(SHIFTED)
    near = [any(_are_neighbors(keys[i], keys[j]) for j in range(max(0, i - 2), i)) for i in range(len(keys))]
    return near.count(False)


def _are_neighbors(a: str, b: str) -> bool:
    if abs(ord(a) - ord(b)) <= 1:
        return True
    places = {key: (row, column) for row, keys in enumerate(KEY_ROWS) for column, key in enumerate(keys)}
    if a not in places or b not in places:
        return False
    (row_a, column_a), (row_b, column_b) = places[a], places[b]
    return abs(row_a - row_b) <= 1 and abs(column_a - column_b) <= 1


def _parts(word: str) -> list[str]:
    lowered = unicodedata.normalize("NFKC", word).lower().replace("@", " ").replace(".", " ")
    return [part for part in lowered.split() if len(part) > 3]  # noqa: PLR2004 shorter parts occur in any text
