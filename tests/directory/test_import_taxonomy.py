"""Codes and words of specialties."""

import pytest

from crm.directory import taxonomy
from crm.directory.models import PracticeKind


def test_the_table_is_sound() -> None:
    assert len(taxonomy.NAMES) > 200
    assert all(taxonomy.is_code(code) for code in taxonomy.NAMES)
    assert all(name == name.strip() and name[0].isupper() for name in taxonomy.NAMES.values())


def test_an_unknown_code_is_told_by_its_classification_or_shown_as_it_is() -> None:
    assert taxonomy.specialty_of("207Q00000X") == "Family medicine"
    assert taxonomy.specialty_of("1835P1200X") == "Pharmacist", "told by its classification"
    assert taxonomy.specialty_of("999Z99999X") == "999Z99999X"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("FAMILY PRACTICE", "207Q00000X"), ("CARDIOVASCULAR DISEASE (CARDIOLOGY)", "207RC0000X"),
        ("OBSTETRICS/GYNECOLOGY", "207V00000X"), ("OBSTETRICS   GYNECOLOGY", "207V00000X"),
        ("Family medicine", "207Q00000X"), ("PHYSICIAN ASSISTANT", "363A00000X"), ("sports medicine", "207QS0010X"),
        ("UNDERWATER BASKETRY", ""), ("", ""),
    ],
)  # fmt: skip
def test_words_of_cms_are_known(words: str, code: str) -> None:
    assert taxonomy.code_of(words) == code


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("282N00000X", PracticeKind.HOSPITAL), ("314000000X", PracticeKind.SNF),
        ("251E00000X", PracticeKind.HOME_HEALTH),
        ("3336C0003X", PracticeKind.PHARMACY), ("332B00000X", PracticeKind.COMMUNITY),
        ("305R00000X", PracticeKind.PAYER),
        ("251K00000X", PracticeKind.PUBLIC_HEALTH), ("261QP0905X", PracticeKind.PUBLIC_HEALTH),
        ("261QM0801X", PracticeKind.MENTAL_HEALTH), ("251300000X", PracticeKind.SCHOOL),
        ("252Y00000X", PracticeKind.EARLY_INTERVENTION), ("261QU0200X", PracticeKind.PHYSICIAN),
        ("207Q00000X", PracticeKind.PHYSICIAN), ("", PracticeKind.PHYSICIAN),
    ],
)  # fmt: skip
def test_organizations_have_a_kind(code: str, kind: PracticeKind) -> None:
    assert taxonomy.kind_of(code) is kind
