"""Signs of a patient in free text: how many are found, how often the alarm is false, and what the writer is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.core import patient_words
from crm.core.errors import Invalid
from crm.core.patient_words import REFUSED, Sign, check_texts, signs_in
from tests.core import patient_notes as notes

PARTS = """
Patient patients Pt PT pt. Mr Mrs Ms Miss Zeb Quill named DOB born Jan January 3 14 1951 MRN chart # 00482915 SSN 218
44 1029 1EG4 TE5 MK72 - / . , : ; 72 yo yr old female M with c/o pain ٣ １ ſ is id name
"""
LETTERS = "ACDEFGHJKMNPQRTUVWXY"
ALWAYS_FOUND = 0.99
USUALLY_FOUND = 0.8
FALSE_ALARMS = 0.05


def recall(sign: Sign) -> float:
    texts = notes.SHOWS[sign]
    return sum(sign in signs_in(text) for text in texts) / len(texts)


@pytest.mark.parametrize("sign", [Sign.SSN, Sign.MBI, Sign.BIRTH_DATE, Sign.RECORD_NUMBER])
def test_numbers_and_labelled_values_are_always_found(sign: Sign) -> None:
    assert [t for t in notes.SHOWS[sign] if sign not in signs_in(t)] == []
    assert recall(sign) >= ALWAYS_FOUND


@pytest.mark.parametrize("sign", [Sign.NAME, Sign.CASE])
def test_names_and_cases_are_mostly_found(sign: Sign) -> None:
    assert recall(sign) >= USUALLY_FOUND, [t for t in notes.SHOWS[sign] if sign not in signs_in(t)]


def test_what_liaisons_write_is_hardly_ever_doubted_and_never_refused() -> None:
    doubted = {text: signs_in(text) for text in notes.HARMLESS if signs_in(text)}
    assert not [text for text, signs in doubted.items() if signs & REFUSED]
    assert len(doubted) / len(notes.HARMLESS) <= FALSE_ALARMS, doubted


def test_the_labelled_set_is_large_enough_to_mean_something() -> None:
    assert len(notes.HARMLESS) + sum(map(len, notes.SHOWS.values())) >= 120


@pytest.mark.parametrize("text", notes.STAFF_NAMED)
def test_staff_of_the_practice_may_be_named(text: str) -> None:
    assert signs_in(text) == {Sign.NAME}
    assert signs_in(text, notes.STAFF) == frozenset()


@given(
    st.integers(1, 899).filter(lambda n: n != 666), st.integers(1, 99), st.integers(1, 9999),
    st.sampled_from(["", "see ", "x: ", "("]), st.sampled_from(["", ".", " ok", ")"]),
)  # fmt: skip
def test_every_dashed_ssn_that_can_exist_is_refused(
    area: int, group: int, serial: int, before: str, after: str
) -> None:
    assert Sign.SSN in signs_in(f"{before}{area:03}-{group:02}-{serial:04}{after}")


@given(
    st.sampled_from(LETTERS), st.sampled_from(LETTERS + "0123456789"), st.integers(0, 9), st.sampled_from(LETTERS),
    st.sampled_from(LETTERS + "0123456789"), st.integers(0, 9), st.text(LETTERS, min_size=2, max_size=2),
    st.integers(0, 99), st.integers(1, 9), st.sampled_from(["", "-", " "]),
)  # fmt: skip
def test_every_medicare_number_is_refused(
    b: str, c: str, d: int, e: str, f: str, g: int, hi: str, jk: int, first: int, gap: str
) -> None:
    number = f"{first}{b}{c}{d}{gap}{e}{f}{g}{gap}{hi}{jk:02}"
    assert Sign.MBI in signs_in(f"card {number}.")
    assert Sign.MBI in signs_in(number.lower())


@given(st.from_regex(r"[12]\d{9}", fullmatch=True), st.from_regex(r"\d{5}-\d{4}", fullmatch=True))
def test_npis_phones_and_zips_are_never_refused(npi: str, zip_plus_four: str) -> None:
    phone = f"{npi[1:4]}-{npi[4:7]}-{npi[6:]}"
    assert not signs_in(f"{npi} in {zip_plus_four}, call {phone}") & REFUSED


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    assert signs_in(text) <= frozenset(Sign)


@given(
    st.lists(st.sampled_from([*PARTS.split(), *[" "] * 12, "\u212a", "\u2011", "m\u0131ss"]), max_size=8).map("".join)
)
def test_a_text_that_needs_no_closer_look_shows_nothing(text: str) -> None:
    plain = patient_words.folded(text)
    shown = {s for s, patterns in patient_words._SIGNS.items() for p in patterns if patient_words._shows(plain, p, ())}
    assert signs_in(text) == shown


def test_a_refusal_names_the_sign_and_never_the_value() -> None:
    with pytest.raises(Invalid) as refusal:
        check_texts(is_confirmed=True, note="SSN 219-09-9999", objective="Introduce the clinic")
    assert refusal.value.fields.keys() == {"note"}
    assert "social security number" in refusal.value.fields["note"]
    assert "9999" not in str(refusal.value.fields)


def test_doubt_asks_for_the_tick_and_the_tick_settles_it() -> None:
    with pytest.raises(Invalid) as question:
        check_texts(is_confirmed=False, note="Mrs. Whitcombe waited", objective=None)
    assert question.value.fields.keys() == {"note", "names_no_patient"}
    assert "Whitcombe" not in str(question.value.fields)
    check_texts(is_confirmed=True, note="Mrs. Whitcombe waited", objective=None)


def test_the_tick_is_not_asked_for_where_it_would_not_help() -> None:
    with pytest.raises(Invalid) as refusal:
        check_texts(is_confirmed=False, note="SSN 219-09-9999", objective="for patient Smith")
    assert refusal.value.fields.keys() == {"note"}
