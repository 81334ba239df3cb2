"""Tests of single cells: what does not belong into its column is not kept, and what only seems so stays."""

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.core.patient_words import REFUSED, Sign, folded, signs_in
from crm.referrals.importing import strays
from crm.referrals.importing.reading import read_file
from crm.referrals.importing.safe_names import safe_file_name, safe_sheet_name
from crm.referrals.importing.sample import Sample
from crm.referrals.importing.signs import ValueSigns
from crm.referrals.importing.strays import MARK, Contents, Strays, sign_of_patient
from crm.referrals.importing.survey import SheetSurvey, survey
from crm.referrals.importing.upload import pack, unpack
from tests.referrals.corpus.hostile import _commented as workbook_with_comment
from tests.referrals.files import HEADER, csv_bytes, event

PRACTICE = "Referring Practice"


def looked_at(*rows: list[object], header: tuple[str, ...] = HEADER) -> SheetSurvey:
    return survey(read_file("a.csv", csv_bytes(rows, header))).main


def lines(main: SheetSurvey) -> list[tuple[int, list[str] | str]]:
    return list(unpack(pack(main)[0]))


def test_a_row_with_a_patient_among_practices_keeps_only_the_reason() -> None:
    rows = [event(number) for number in range(1, 10)]
    rows[4] = event(5, Referring_Practice="614-555-0142")
    kept = lines(looked_at(*rows))
    refused = [(line, cells) for line, cells in kept if isinstance(cells, str)]
    assert refused == [(6, f"A telephone number in {PRACTICE}")]


def test_what_is_no_day_or_number_is_a_mark() -> None:
    rows = [event(number) for number in range(1, 10)]
    rows[2] = event(3, Appt_Dt="Quill, Zeb", Payments="Zeb", Ref_NPI="00482915")
    main = looked_at(*rows)
    cells = dict(zip([column.header for column in main.kept], lines(main)[2][1], strict=True))
    assert (cells["Appt Dt"], cells["Payments"], cells["Ref NPI"]) == ("?", "?", "?")
    assert b"Quill" not in gzip.decompress(pack(main)[0])


@pytest.mark.parametrize(
    "value",
    [
        "Pt. Pleasant Family Medicine", "PT Solutions", "Patient First", "Mercy Health - 614 Physicians", "Room 204",
        "OKONJO, ADA [1234567]", "1200 W 5th Ave #210", "Medicare A/B", "9 to 5 Urgent Care", "St. Ann's",
        "Ms. Fields MD",
        "BCBS OH PPO 2026", "Scheduled", "3rd Street Clinic",
    ],
)  # fmt: skip
def test_names_of_practices_services_and_payers_stay(value: str) -> None:
    assert sign_of_patient(value, Contents.NAMES) == ""


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("773\u201144\u20111029", "A social security number"),
        ("\uff17\uff17\uff13-\uff14\uff14-\uff11\uff10\uff12\uff19", "A social security number"),
        ("77\u200b3-44-1029", "A social security number"),
        ("773 44 1029", "A social security number"),
        ("1EG4\u2013TE5\u2013MK72", "A Medicare number"),
        ("DOB 3/4/51", "A birth date"),
        ("MRN: 00482915", "A record number"),
        ("Mrs. Quill", "A patient's name"),
        ("call (614) 555-0142", "A telephone number"),
        ("zeb@mail.example", "An email address"),
        ("https://portal.example/p", "A web or network address"),
        ("E11.9", "A diagnosis code"),
        ("seen 03/04/2026", "A date"),
        ("1HGBH41JXMN109186", "A vehicle number"),
        ("3f2504e0-4f89-41d3-9a0c-0305e82c3301", "A code that singles out a row"),
        ("called twice and wants to come early because the daughter drives her on most days", "Free text"),
    ],
)
def test_a_sign_of_a_patient_among_names_is_named_without_its_value(value: str, reason: str) -> None:
    assert sign_of_patient(value, Contents.NAMES) == reason


def test_a_column_that_nobody_knows_stays_only_if_it_tells_of_no_single_person() -> None:
    header = (*HEADER, "Blob")

    def kept(*values: str) -> bool:
        rows = [[*event(number), value] for number, value in enumerate(values, 1)]
        return "Blob" in [column.header for column in looked_at(*rows, header=header).kept]

    assert not kept("Quill", "Hale", "Fields")
    assert not kept(*(f"Quill, Zeb {'ABCD'[n % 4]}" for n in range(40)))
    assert not kept("F", "M", *"FMFMFMFMFM")
    assert kept("Imaging", "Cardiology", "Imaging")
    assert kept("Olentangy Family Medicine", "Becker, Hal MD", "Riverbend Clinic")
    assert kept(*("North", "South", "East") * 6)
    assert kept("120.50", "$88", "(12.00)")


def test_what_stands_once_in_a_column_that_nobody_knows_is_a_mark() -> None:
    rows = [[*event(number), ("North", "South", "East")[number % 3]] for number in range(1, 31)]
    rows[7][-1] = "Quill, Zeb"
    main = looked_at(*rows, header=(*HEADER, "Blob"))
    assert [cells[-1] for _, cells in lines(main)].count("?") == 1
    assert b"Quill" not in gzip.decompress(pack(main)[0])


def test_a_name_that_a_profile_maps_is_trusted_but_not_against_its_values() -> None:
    for values, is_kept in ((("Quill", "Hale", "Fields"), True), (("773-44-1029",) * 3, False)):
        rows = [[*event(number), value] for number, value in enumerate(values, 1)]
        found = survey(read_file("a.csv", csv_bytes(rows, (*HEADER, "Blob"))), frozenset({"blob"}))
        assert ("Blob" in [column.header for column in found.main.kept]) is is_kept


def test_comments_of_cells_are_looked_at() -> None:
    found = survey(read_file("a.xlsx", workbook_with_comment("DOB 03/04/1951")))
    (comments,) = found.others
    assert (comments.sheet.name, len(comments.dropped), comments.rows) == ("Comments of cells", 1, 1)
    assert comments.dropped[0].verdict.rule == "Birth dates or record numbers among the values"
    assert "Comments" not in [column.header for column in found.main.columns]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("referrals_20260301_1530.csv", "referrals_20260301_1530.csv"),
        ("Patient volume Q3.xlsx", "Patient volume Q3.xlsx"),
        ("PT Referrals 2026.csv", "PT Referrals 2026.csv"),
        ("Practices, Ohio.csv", "Practices, Ohio.csv"),
        ("C:\\extracts\\March.csv", "March.csv"),
        ("physician-shared-patient-patterns-2014-days30.txt", "physician-shared-patient-patterns-2014-days30.txt"),
        ("", "file.csv"),
        ("Quill, Zeb.csv", "file.csv"),
        ("patient zeb.csv", "file.csv"),
        ("MRN 482915.csv", "file.csv"),
        ("04-26-1961.xlsx", "file.xlsx"),
        ("00482915.csv", "file.csv"),
        ("zeb@mail.example.csv", "file.csv"),
    ],
)
def test_the_name_of_a_file_is_kept_unless_it_shows_a_patient(name: str, shown: str) -> None:
    assert safe_file_name(name) == shown


def test_the_name_of_a_sheet_is_kept_only_if_each_word_of_it_is_known() -> None:
    assert [safe_sheet_name(name) for name in ("Referrals Q3 2026", "Sheet 2", "Zeb Quill", "", "March-1961")] == [
        "Referrals Q3 2026", "Sheet 2", "Sheet", "", "Sheet",
    ]  # fmt: skip


@given(st.text())
def test_folding_a_text_twice_changes_nothing_more(text: str) -> None:
    assert folded(folded(text)) == folded(text)
    assert text.isascii() <= (folded(text) == text)


@given(st.sampled_from("\u200b\u200d\u2060\u00ad\ufeff\u202d\u2066"), st.integers(0, 10))
def test_an_invisible_sign_hides_no_number_from_the_check_of_notes(sign: str, place: int) -> None:
    text = "773-44-1029"
    assert Sign.SSN in signs_in(text[:place] + sign + text[place:]) & REFUSED


@given(st.sampled_from([0xFF10, 0x660, 0x966, 0x1D7CE, 0x1D7F6]), st.sampled_from("-\u2010\u2011\u2013\u2212\ufe63"))
def test_digits_and_dashes_of_other_scripts_hide_no_number(zero: int, dash: str) -> None:
    text = "".join(chr(zero + int(sign)) if sign.isdigit() else dash for sign in "773-44-1029")
    assert Sign.SSN in signs_in(f"see {text} please")


FINE = {
    Contents.NAMES: "Practice {} of Dublin", Contents.CODES: "R-{}", Contents.DAYS: "2026-03-14 10:{}",
    Contents.NUMBERS: "{}.50", Contents.NPIS: "1{:09}", Contents.OURS: "Clinic {}", Contents.OPEN: "Clinic {}",
}  # fmt: skip
STRAY = "Quill, Zeb, SSN 218-44-{:04}"


def held(strays: Strays) -> int:
    """How many values are in memory."""
    return len(strays.counts) + len(strays.different) + len(strays.harmless) + len(strays.refused) + len(strays.marked)


@pytest.mark.parametrize("contents", Contents)
def test_a_column_of_any_length_is_held_in_bounded_memory_and_no_patient_is_missed(
    contents: Contents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(strays, "MAX_HELD", 40)
    monkeypatch.setattr(strays, "MAX_DIFFERENT", 60)
    found, sizes = Strays(contents), []
    for piece in range(50):
        numbers = range(piece * 20, piece * 20 + 20)
        values = [FINE[contents].format(n) for n in numbers] + [STRAY.format(n) for n in numbers[:3]]
        found.add(values, [1] * len(values))
        sizes.append(held(found))
    found.close(ValueSigns(), is_single=True)
    assert max(sizes[5:]) == max(sizes) <= 4 * 60
    assert held(found) <= 5 * 60
    cells = [FINE[contents].format(7), STRAY.format(0), STRAY.format(980), STRAY.format(7_000), ""]
    kept = [MARK if cell in found.marks(cells) else cell for cell in cells if cell not in found.reasons(cells)]
    assert not any("218-44" in cell for cell in kept)
    assert FINE[contents].format(7) in kept or contents in (Contents.OURS, Contents.OPEN)
    assert "" in kept


def test_few_numbers_among_many_names_are_refused_whether_or_not_the_sample_holds_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(strays, "MAX_DIFFERENT", 50)
    for share, is_refused in ((100, True), (2, False)):
        found = Strays(Contents.NAMES)
        for n in range(0, 3_000, 10):
            found.add([f"{m:07}" if m % share == 0 else f"Practice {m}" for m in range(n, n + 10)], [1] * 10)
        found.close(ValueSigns(), is_single=True)
        cells = ["Practice 7", "0004200", "9999999"]
        assert [cell in found.reasons(cells) for cell in cells] == [False, is_refused, is_refused]


@given(st.lists(st.text(max_size=4)), st.lists(st.text(max_size=4)))
def test_a_sample_does_not_hang_on_the_order_and_is_bounded(first: list[str], second: list[str]) -> None:
    one, other = Sample(5), Sample(5)
    one.add(first)
    one.add(second)
    other.add(reversed([*first, *second]))
    assert one.values == other.values <= {*first, *second}
    assert len(one) <= 5
    assert one.is_part or one.values == {*first, *second}
