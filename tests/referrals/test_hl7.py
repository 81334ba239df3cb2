"""Tests of HL7 referral messages: what is taken, what is refused with its number, and that a patient is never taken."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.core.errors import Invalid, RoundsError, TooLarge
from crm.referrals.importing.hl7_syntax import Signs
from crm.referrals.importing.mapping import Sure, guess
from crm.referrals.importing.reading import read_file
from crm.referrals.importing.sheets import Limits, Sheet
from crm.referrals.importing.survey import survey
from crm.referrals.models import Grain
from tests.referrals.files import BECKER, OKONJO
from tests.referrals.message_files import CANARY, hl7, referral

FRAMED = "\x0b{}\x1c\r"


def sheet_of(data: bytes, name: str = "ref.hl7") -> Sheet:
    (sheet,) = read_file(name, data)
    return sheet


def rows(data: bytes, name: str = "ref.hl7") -> list[dict[str, str]]:
    """The rows of a file by the names of their columns; `line` is the number of the message."""
    sheet = sheet_of(data, name)
    (_, header), *lines = sheet.lines()
    return [{"line": str(line), **dict(zip(header, cells, strict=False))} for line, cells in lines]


def refusals(data: bytes) -> dict[int, str]:
    return dict(sheet_of(data).refused)


def test_a_referral_is_taken_with_both_parties_day_status_and_service() -> None:
    assert rows(hl7(referral())) == [
        {
            "line": "1",
            "Referral ID": "R-1",
            "Referral Received Date": "2026-03-01",
            "Referring NPI": OKONJO,
            "Referring Provider": "Amara J Okonjo, MD",
            "Referring Organization": "Olentangy Family Medicine",
            "Referring Provider City": "Dublin",
            "Referring Provider Zip": "43017-1234",
            "Department": "Medical",
            "Referred To Location": "Riverbend & Sons",
            "Referred To Provider": "Lucia Reyes, DO",
            "Referral Status": "Pending",
        }
    ]


def test_its_columns_are_known_surely_and_none_is_refused() -> None:
    found = survey([sheet_of(hl7(*(referral(number=f"R-{n}") for n in range(30))))])
    mapped = {column.header: column for column in guess(found.main.kept, found.grain, found.main.rows)}
    assert found.grain is Grain.EVENT
    assert found.main.dropped == []
    assert {name: column.target.value for name, column in mapped.items()} == {
        "Referral ID": "referral_id",
        "Referral Received Date": "received_on",
        "Referring NPI": "source_npi",
        "Referring Provider": "provider_name",
        "Referring Organization": "source_name",
        "Referring Provider City": "source_city",
        "Referring Provider Zip": "source_zip",
        "Department": "service_line",
        "Referred To Location": "site",
        "Referred To Provider": "",
        "Referral Status": "status",
    }
    assert {column.sure for column in mapped.values()} == {Sure.SURE}


def test_no_cell_holds_anything_of_the_patient() -> None:
    data = hl7(referral(), referral("I13", "R-2"), referral("A04", kind="ADT"), "MSH|^~\\&|x\r", f"PID|1||{CANARY}\r")
    sheet = sheet_of(data)
    assert CANARY not in repr(list(sheet.lines())) + repr(sheet.refused)


def test_several_messages_about_one_referral_are_one_row_with_the_last_state() -> None:
    changed = referral("I13", status="A", sent="202603050800", npi=BECKER)
    canceled = referral("I14", sent="202603090800", on="")
    for data in (hl7(referral(), changed, canceled), hl7(canceled, referral(), changed)):
        (row,) = rows(data)
        assert (row["Referral Status"], row["Referring NPI"]) == ("Canceled", OKONJO)
        assert row["Referral Received Date"] == "2026-03-01"
    (row,) = rows(hl7(referral(), changed))
    assert (row["line"], row["Referral Status"], row["Referring NPI"]) == ("2", "Accepted", BECKER)


@pytest.mark.parametrize(
    ("code", "word"),
    [("A", "Accepted"), ("p", "Pending"), ("R", "Rejected"), ("E", "Expired"), ("X1^Scheduled", "Scheduled"), ("", "")],
)
def test_the_status_is_that_of_table_0283_or_a_known_word(code: str, word: str) -> None:
    assert rows(hl7(referral(status=code)))[0]["Referral Status"] == word


def test_the_day_of_the_message_stands_in_for_that_of_the_referral() -> None:
    first = referral(on="", sent="20260302091500-0500")
    later = referral("I13", on="", sent="20260401")
    assert [row["Referral Received Date"] for row in rows(hl7(first, later))] == ["2026-03-02"]
    assert "|20260601|20260303|" in (with_process_day := first.replace("|20260601||", "|20260601|20260303|"))
    assert rows(hl7(with_process_day))[0]["Referral Received Date"] == "2026-03-03"


def test_the_external_number_stands_in_for_the_first_one() -> None:
    assert rows(hl7(referral().replace("R-1^EHR", "")))[0]["Referral ID"] == "X-R-1"


@pytest.mark.parametrize(
    ("ids", "npi"),
    [
        (f"{OKONJO}^NPI", OKONJO),
        (f"A1^SL~{OKONJO}", OKONJO),
        (f"{OKONJO}^SL", ""),
        (f"{OKONJO}^^^^^^^^&2.16.840.1.113883.4.6&ISO", OKONJO),
        ("1234567890", ""),
        ("", ""),
    ],
)
def test_an_npi_is_known_by_its_type_or_its_check_digit(ids: str, npi: str) -> None:
    data = hl7(referral().replace(f"PLN1001^SL~{OKONJO}^NPI", ids))
    assert rows(data)[0]["Referring NPI"] == npi


def test_a_home_is_no_place_of_a_practice() -> None:
    data = hl7(referral().replace("12 Canal Rd^^Dublin^OH^43017-1234", ""))
    assert rows(data)[0]["Referring Provider City"] == ""
    assert rows(data.replace(b"^USA^H|", b"^USA|"))[0]["Referring Provider City"] == "Hometown"


def test_roles_name_the_parties_where_no_provider_segment_does() -> None:
    text = "\r".join(line for line in referral().split("\r") if not line.startswith("PRD"))
    roles = (
        f"ROL|1|AD|RP^Referring|{OKONJO}^Okonjo^Amara^^^Dr^MD^^^^^^NPI\rPRT|2|AD||RT^Referred to|5^Reyes&van^Lucia\r"
    )
    (row,) = rows(hl7(text + roles))
    assert (row["Referring NPI"], row["Referring Provider"]) == (OKONJO, "Amara Okonjo, MD")
    assert (row["Referred To Location"], row["Referred To Provider"]) == ("Lucia Reyes", "Lucia Reyes")


@pytest.mark.parametrize("between", ["\r", "\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_every_line_ending_and_encoding_is_understood(between: str, encoding: str) -> None:
    text = referral(between=between).replace("Okonjo^Amara", "Muñoz^Zoë")
    assert rows(text.encode(encoding))[0]["Referring Provider"] == "Zoë J Muñoz, MD"


def test_frames_and_batch_headers_are_passed_over() -> None:
    batch = "FHS|^~\\&|EHR\rBHS|^~\\&|EHR\r" + referral() + referral(number="R-2") + "BTS|2\rFTS|1\r"
    framed = FRAMED.format(referral()) + FRAMED.format(referral(number="R-2"))
    for name, text in (("x.hl7", batch), ("x.txt", batch), ("x.hl7", framed), ("x.txt", framed)):
        assert [(row["line"], row["Referral ID"]) for row in rows(text.encode(), name)] == [("1", "R-1"), ("2", "R-2")]


def test_the_separators_are_those_of_the_message() -> None:
    signs = str.maketrans("|^~\\&", "#*@!$")
    (row,) = rows(hl7(referral()))
    assert rows(referral().translate(signs).encode()) == [{**row, "Referred To Location": "Riverbend $ Sons"}]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (referral("A04", kind="ADT"), "The message is no referral (ADT)"),
        (referral("I15"), "The message is no referral"),
        (referral(kind=CANARY), "The message is no referral"),
        ("MSH|^~\\&|EHR|||||||REF^I12\rPID|1\r", "The message is no referral"),
        ("MSH|^~\\&|EHR||||20260301||REF^I12\rPID|1\r", "The message has no RF1 segment"),
        ("MSH|^\rRF1|\r", "MSH does not declare the five signs that part its fields"),
        ("MSH||^^~\\|EHR\r", "MSH does not declare the five signs that part its fields"),
        ("MSH\r", "MSH does not declare the five signs that part its fields"),
        (referral(on="in March"), "The date in RF1-7 cannot be read"),
        (referral(status=f"{CANARY}^{CANARY}"), "The status in RF1-1 is not known"),
        (referral().replace("|Okonjo^", "|Oko\nnjo^"), "A segment is divided over several lines"),
    ],
)
def test_a_message_that_cannot_be_taken_is_refused_by_its_number(text: str, says: str) -> None:
    assert refusals(hl7(referral(number="R-0"), text)) == {2: says}
    with pytest.raises(Invalid, match="This file holds no referral") as refusal:
        rows(hl7(text))
    assert refusal.value.says == f"This file holds no referral: {says[0].lower()}{says[1:]}."
    assert CANARY not in refusal.value.says


def test_a_note_of_several_lines_harms_nothing() -> None:
    data = hl7(referral().replace(" note", "\nsecond line of the note\n\nPidgin"))
    assert len(rows(data)) == 1
    assert refusals(data) == {}


def test_a_file_that_does_not_begin_with_a_message_is_refused() -> None:
    with pytest.raises(Invalid, match="does not begin with an MSH segment"):
        rows(b"PID|1\r" + hl7(referral()))


def test_more_messages_than_the_limit_are_refused() -> None:
    with pytest.raises(TooLarge, match="more than 2 messages"):
        read_file("x.hl7", hl7(*[referral()] * 3), Limits(max_rows=2))


def test_escapes_become_what_they_stand_for() -> None:
    text = r"a\F\b\S\c\R\d\E\e\T\f\X41C3A9\g\XE9\h\.br\i\H\j\N\k\Zx\l\X4\m\ "
    assert Signs().unescaped(text) == "a|b^c~d\\e&fAégéh ijklm\\ "


@given(st.text(st.sampled_from("|^~\\&abc é")))
def test_what_was_escaped_is_read_again(text: str) -> None:
    codes = {"|": "F", "^": "S", "~": "R", "\\": "E", "&": "T"}
    escaped = "".join(f"\\{codes[sign]}\\" if sign in codes else sign for sign in text)
    assert Signs().unescaped(escaped) == text


@given(st.binary(max_size=300), st.integers(0, 1500))
def test_any_damage_is_read_or_refused_with_a_sentence(noise: bytes, place: int) -> None:
    data = hl7(referral(), referral(number="R-2"))
    try:
        found = repr(list(sheet_of(data[:place] + noise + data[place:]).lines()))
    except RoundsError as refusal:
        found = refusal.says
    assert found
