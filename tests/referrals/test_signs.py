"""Tests of counting signs: the quick way finds what a plain look at every cell finds, in columns of all kinds."""

import re
from collections import Counter
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crm.core.patient_words import signs_in
from crm.directory.npi import is_npi
from crm.referrals.importing import segments
from crm.referrals.importing.headers import PRACTICE_KINDS, SOURCE_KINDS, is_payer
from crm.referrals.importing.reading import read_file
from crm.referrals.importing.sheets import SEPARATORS
from crm.referrals.importing.sign_patterns import FINDS, PATTERNS, YEARS, is_vin, looks_of, misfits, shape_of
from crm.referrals.importing.signs import NPI_SAMPLE, PHRASE_SIGNS, SAMPLE, TELLING, TELLING_SHAPES, ValueSigns
from crm.referrals.importing.strays import CODE, NUMBER
from crm.referrals.importing.survey import survey
from tests.referrals.files import csv_bytes

KIND_WORDS = {*SOURCE_KINDS, *PRACTICE_KINDS}
_L, _LN = "[AC-HJKMNP-RT-Y]", "[AC-HJKMNP-RT-Y0-9]"
_DATE = r"(?:\d{1,2}[/.-]\d{1,2}[/.-](?:\d{4}|\d{2})|\d{4}[/.-]\d{1,2}[/.-]\d{1,2}|(?:19|20)\d{6})"
PLAIN = {
    "ssn": r"(?<![\d-])(?!000|666)[0-8]\d{2}([- \u2013\u2011])(?!00)\d{2}\1(?!0000)\d{4}(?!-?\d)",
    "mbi": rf"(?i)(?<![\w-])[1-9]{_L}{_LN}\d[- ]?{_L}{_LN}\d[- ]?{_L}{{2}}\d\d(?![\w-])",
    "icd": r"^[A-TV-Z]\d[0-9A-Z](?:\.[0-9A-Z]{1,4})?\b",
    "dotted_icd": r"^[A-TV-Z]\d[0-9A-Z]\.[0-9A-Z]{1,4}\b",
    "phone": r"^(?:\+?1[ .-]?)?\(?[2-9]\d{2}\)?[ .-]\d{3}[ .-]\d{4}(?: ?(?:x|ext\.?) ?\d{1,6})?$|^[2-9]\d{9}$",
    "web": r"(?i)^(?:https?://\S+|www\.\S+|\d{1,3}(?:\.\d{1,3}){3})$",
    "uuid": r"(?i)^(?:[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9a-f]{32,64})$",
    "email": r"(?i)^[^\s@]{1,64}@[^\s@]{1,190}\.[a-z]{2,}$",
    "npi_like": r"^[12]\d{9}(?:\.0)?$",
    "numbers": r"^[-+$(]?[\d,]*\.?\d+\)?%?$",
    "codes": r"^\d{5,12}$",
    "dates": rf"^{_DATE}(?:[T ].{{0,20}})?$",
    "day_first": r"^(?:1[3-9]|2\d|3[01])[/.-]\d{1,2}[/.-]\d{2,4}(?![\d/.-])",
    "month_first": r"^\d{1,2}[/.-](?:1[3-9]|2\d|3[01])[/.-]\d{2,4}(?![\d/.-])",
}
YEAR = r"^(?:\d{1,2}[/.-]\d{1,2}[/.-])?((?:19|20)\d{2})(?:[/.-]\d{1,2}[/.-]\d{1,2}|\d{4}(?!\d))?(?=[T ]|$)"
SHORT_YEAR = r"^\d{1,2}[/.-]\d{1,2}[/.-](\d{2})(?=[T ]|$)"


@dataclass
class PlainSigns:
    """What is to be counted, cell by cell; the fields that are compared have the names of `ValueSigns`."""

    counts: Counter[str] = field(default_factory=Counter)
    years: set[int] = field(default_factory=set)
    distinct: set[str] = field(default_factory=set)
    payers: set[str] = field(default_factory=set)

    def add(self, cell: str) -> None:
        value = cell.strip().translate(SEPARATORS)
        value = "" if value == "NULL" else value[1:] if value[:1] == "'" and value[1:2] in set("=+-@") else value
        if not value:
            return
        text = " ".join(value.split()) if "\n" in value else value
        found = {name for name, pattern in PLAIN.items() if re.search(pattern, text)}
        found |= {"vin"} if re.search(r"^[A-HJ-NPR-Z0-9]{17}$", text) and is_vin(text) else set()
        found |= {"npis"} if re.match(r"[12]\d{9}(?:\.0)?$", value) and is_npi(value[:10]) else set()
        if any(word in value.lower() for word in TELLING) and signs_in(value) & PHRASE_SIGNS:
            found.add("phrases")
        self.counts.update({"filled": 1, "letters": len(text), "blanks": text.count(" ")})
        found |= {"kinds"} if re.sub(r"[\s_/-]+", " ", value.strip().strip("().").lower()) in KIND_WORDS else set()
        if is_payer(value):
            self.payers.add(value)
            found.add("payers")
        self.counts.update(found)
        self.years |= {int(year[1]) for year in [re.search(YEAR, text)] if year}
        self.years |= {
            int(year[1]) + (1900 if int(year[1]) >= 40 else 2000) for year in [re.search(SHORT_YEAR, text)] if year
        }
        self.distinct.add(value)

    def as_signs(self) -> dict[str, object]:
        sampled = self.counts["filled"]
        counted = {name.name: self.counts[name.name] for name in fields(ValueSigns)}
        return counted | {
            "first_year": min(self.years, default=9999),
            "last_year": max(self.years, default=0),
            "distinct": set(map(hash, self.distinct)),
            "sampled": sampled,
            "npi_sampled": sampled,
            "payers_sampled": sampled,
            "payer_names": set(map(hash, self.payers)),
        }


# Pieces of which values that mean something are made, right ones and nearly right ones.
PARTS = """
218 44 1029 000 666 9 1EG4 TE5 MK72 1eg4 - – / . , : ; ( ) $ % + @ # ' = x ext T Z 1 2 3 13 31 03 99 40 39 1951 2026
20260314 12:30 E11 .9 U07 M54.5 1730482910 1588203640 .0 614 555 0142 www. https:// mail example .org DOB dob born MRN
MRN: SSN chart patient id 3f2504e0 4f89 0305e82c3301 1HGBH41JXMN109186 Quill Zeb Olentangy Family Medicine NULL
Self Referral Physician Internet Medicare Aetna PPO wc Clinic
"""
STRANGE = ["Ä", "ß", "İ", "ſ", "\u212a", "٣", "²", "１", "\u200b", "\xa0", "\r", "\t", " ", "\n", '"', "\r\n", "\u2011"]
values = st.one_of(
    st.lists(st.sampled_from([*PARTS.split(), *STRANGE]), max_size=9).map("".join),
    st.text("19aAKe-/. @:", max_size=20),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=30),
    *(st.from_regex(pattern.look) for pattern in PATTERNS.values() if pattern.look),
).map(lambda text: text.replace("\x00", ""))
columns = st.lists(st.tuples(values, st.integers(1, 3)), min_size=1, max_size=30)


@given(columns, st.integers(1, 5))
@example([("218-44-1029", 1), ("218-44-1029 219-55-2030", 2)], 1)
@example([("DOB\n03/04/1951", 1), ("a  b\nc", 1), ("1\n2", 1)], 2)
def test_the_quick_count_equals_the_plain_one(column: list[tuple[str, int]], parts: int) -> None:
    plain, quick = PlainSigns(), ValueSigns()
    cells = [value for value, times in column for _ in range(times)]
    for cell in cells:
        plain.add(cell)
    sheet = read_file("a.csv", b"a\n1\n")[0]
    for part in range(parts):
        seen = Counter(cells[part::parts])
        quick.add(sheet.cleaned(seen), list(seen.values()))
    assert asdict(quick) == plain.as_signs()


@given(st.lists(st.tuples(values, values), min_size=1, max_size=12))
@settings(deadline=None)
def test_a_file_is_counted_as_its_cells_are(rows: list[tuple[str, str]]) -> None:
    if any(re.search(r'[\x00-\x08\x0e-\x1f\x7f]|"NULL"', value) for row in rows for value in row):
        return  # refused as no text, and a name
    header = ("Referral Date", "Referring Practice", "Status")
    found = survey(read_file("a.csv", csv_bytes([("03/14/2026", *row) for row in rows], header))).main
    for place, column in enumerate(found.columns):
        plain = PlainSigns()
        for row in rows:
            plain.add(("03/14/2026", *(value.lstrip(" ") for value in row))[place])
        assert asdict(column.signs) == plain.as_signs()


@pytest.mark.parametrize("look", [name for name, pattern in PATTERNS.items() if pattern.look])
def test_what_a_pattern_finds_has_a_shape_that_its_shape_finds(look: str) -> None:
    finds = FINDS[look] if look in FINDS else YEARS[look]

    @given(st.one_of(st.from_regex(PATTERNS[look].look), values))
    def check(text: str) -> None:
        line = text.replace("\n", " ")
        assert look in looks_of(shape_of(line)) or not finds(line)

    check()


def test_every_telling_word_has_a_telling_shape() -> None:
    assert all(any(shape in shape_of(word) for shape in TELLING_SHAPES) for word in TELLING)


def test_a_long_column_is_counted_in_parts_and_sampled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "SEGMENT_ROWS", 2_000)
    rows = [("03/14/2026", f"{7_000_000 + n}", "Open" if n % 3 else "") for n in range(SAMPLE + 7_000)]
    dates, codes, states = survey(read_file("a.csv", csv_bytes(rows, ("Referral Date", "Ref", "Status")))).main.columns
    assert (dates.signs.dates, codes.signs.codes, states.signs.filled) == (27_000, 27_000, 18_000)
    assert SAMPLE <= codes.signs.sampled < SAMPLE + 2_500
    assert len(codes.signs.distinct) == codes.signs.sampled
    assert NPI_SAMPLE <= codes.signs.npi_sampled < NPI_SAMPLE + 2_500
    assert codes.signs.is_near_unique


def test_a_file_on_the_disk_is_found_as_it_is_in_memory(tmp_path: Path) -> None:
    data = csv_bytes([("03/14/2026", "Olentangy", "218-44-1029")] * 3, ("Referral Date", "Practice", "Extra"))
    (tmp_path / "a.csv").write_bytes(data)
    for content in (data, tmp_path / "a.csv"):
        found = survey(read_file("a.csv", content)).main
        assert [column.verdict.rows for column in found.dropped] == [3]


@pytest.mark.parametrize("pattern", [CODE, NUMBER])
def test_misfits_are_all_values_that_do_not_fit(pattern: re.Pattern[str]) -> None:
    @given(st.lists(values, max_size=12))
    def check(column: list[str]) -> None:
        assert list(misfits(column, pattern.fullmatch)) == [cell for cell in column if not pattern.fullmatch(cell)]

    check()
