"""What no rule can tell: files with a patient in them that are taken for what their columns say.

docs/PATIENT_DATA.md lists the same, so nobody takes the measure for a proof. A case that a rule learns to find moves to
the hostile files.
"""

from collections.abc import Iterator
from random import Random

from tests.referrals.corpus import words
from tests.referrals.corpus.formats import text
from tests.referrals.corpus.hostile import SEED, Hostile
from tests.referrals.corpus.tables import EVENT_HEADER, events, replaced

ROWS = 24


def limits() -> Iterator[Hostile]:
    """Each with the sentence of the docs as its label."""
    chance = Random(SEED)
    base = [list(EVENT_HEADER), *events(ROWS)]

    name = words.full_name(chance)
    yield Hostile(
        "A patient's bare name in the column of practices or clinicians",
        "a.csv", text(replaced(base, 5, 3, name)), (name,),
    )  # fmt: skip
    number = words.digits(chance, 8)
    yield Hostile(
        "A record number in the column of referral numbers", "a.csv", text(replaced(base, 5, 0, number)), (number,)
    )
    name = words.surname(chance)
    yield Hostile("A patient's bare name in the name of the file", f"{name}.csv", text(base), (name,))
    header = ["Field 7", *EVENT_HEADER]
    day = "03/14/2026"
    rows = [["02/14/2026", *row] for row in events(ROWS)]
    rows[3][0] = day
    yield Hostile("A day of care in a column whose name does not say so", "a.csv", text([header, *rows]), (day,))
