"""Invented values of patients that stand out wherever they turn up: no other text holds them. All are made up."""

from random import Random

STARTS = ("Qua", "Vex", "Zor", "Wyl", "Jux", "Thrax", "Plim", "Grae", "Skel", "Yorv", "Brux", "Fenq", "Dwor", "Klym")
MIDDLES = ("nd", "mor", "bel", "tik", "zan", "wix", "dro", "fle", "gur", "hup", "lix", "pav", "rok", "squ", "vol")
ENDS = ("rellix", "oomby", "athorp", "insky", "ewhistle", "ubbard", "izzle", "outham", "ackery", "idgeley", "orquist")
FIRST_NAMES = ("Zebulon", "Ottoline", "Perpetua", "Ignatz", "Marigold", "Fenwick", "Clothilde", "Barnaby")
ICD = ("E11.9", "M54.50", "I10", "S72.001A", "C50.911", "F32.9", "O09.90", "G43.709", "Z79.4", "J45.20")
_MBI_LETTERS = "ACDEFGHJKMNPQRTUVWXY"
_VIN_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ0123456789"
_VIN_WORTH = dict(zip("ABCDEFGHJKLMNPRSTUVWXYZ", (1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 7, 9, 2, 3, 4, 5, 6, 7, 8, 9), strict=True))  # fmt: skip
_VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)


def surname(chance: Random) -> str:
    """A surname that nobody has."""
    return chance.choice(STARTS) + chance.choice(MIDDLES) + chance.choice(ENDS)


def full_name(chance: Random) -> str:
    """`Surname, First`."""
    return f"{surname(chance)}, {chance.choice(FIRST_NAMES)}"


def town(chance: Random) -> str:
    """A town that is on no map."""
    return f"{surname(chance)}ville"


def digits(chance: Random, count: int) -> str:
    """So many digits; the first is not 0."""
    return str(chance.randrange(10 ** (count - 1), 10**count))


def ssn(chance: Random) -> str:
    """A social security number of the right shape, from the numbers that were never given out."""
    return f"{chance.randint(773, 899)}-{chance.randint(10, 99)}-{chance.randint(1000, 9999)}"


def mbi(chance: Random) -> str:
    """A Medicare number of the right shape."""
    a, b, c, d, e, f = (chance.choice(_MBI_LETTERS) for _ in range(6))
    one, two = chance.randint(0, 9), chance.randint(0, 9)
    return f"{chance.randint(1, 9)}{a}{b}{one}-{c}{d}{two}-{e}{f}{chance.randint(10, 99)}"


def birth_date(chance: Random) -> str:
    """A day of the last century."""
    return f"{chance.randint(1, 12):02d}/{chance.randint(13, 28)}/{chance.randint(1931, 1989)}"


def day(chance: Random) -> str:
    """A day of care, in a year of which no clean row tells."""
    return f"{chance.randint(1, 12):02d}/{chance.randint(13, 28)}/2024"


def phone(chance: Random) -> str:
    """A telephone number of those kept for fiction."""
    return f"({chance.randint(201, 989)}) 555-01{chance.randint(10, 99)}"


def email(chance: Random) -> str:
    """An address at a domain that cannot exist."""
    return f"{surname(chance).lower()}@mail.example"


def street(chance: Random) -> str:
    """House number and street."""
    return f"{chance.randint(100, 9999)} {surname(chance)} Lane"


def vin(chance: Random) -> str:
    """A vehicle's number with a right check digit."""
    signs = [chance.choice(_VIN_LETTERS) for _ in range(17)]
    total = sum(w * (int(c) if c.isdigit() else _VIN_WORTH[c]) for w, c in zip(_VIN_WEIGHTS, signs, strict=True))
    signs[8] = "0123456789X"[total % 11]
    return "".join(signs)


def uuid(chance: Random) -> str:
    """A random identifier."""
    text = f"{chance.getrandbits(128):032x}"
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def web(chance: Random) -> str:
    """The address of a portal page."""
    return f"https://portal.example/{surname(chance).lower()}"


def address_of_device(chance: Random) -> str:
    """An IP address of the block for documentation."""
    return f"203.0.113.{chance.randint(10, 250)}"


def note(chance: Random) -> str:
    """Free text about somebody."""
    return f"{surname(chance)} called twice, wants an early time, daughter {chance.choice(FIRST_NAMES)} drives"
