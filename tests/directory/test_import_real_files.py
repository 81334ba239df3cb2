"""Imports of real public files of CMS, which lie beside the project on some machines and are never part of it."""

import csv
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from crm.core.errors import Invalid
from crm.directory import taxonomy
from crm.directory.importing.headers import recognize
from crm.directory.importing.reading import open_table
from crm.directory.importing.rows import RowFilter
from crm.directory.models import Affiliation, Practice, Provider
from crm.directory.npi import is_npi
from crm.directory.values import read_phone, read_state, read_zip
from tests.directory.bringing_in import bring_in, snapshot

DATA = Path(__file__).parents[2].parent / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the public files are not on this machine")

# What an import into an empty database gives: rows read, taken, refused, blank; providers; practices with an NPI.
EXPECTED = {
    "nppes/npidata_330col_cms_quoting.csv": (614, 271, 343, 0, 271, 0),
    "nppes/npidata_330col_pandas_floats.csv": (589, 540, 49, 0, 428, 112),
    "nppes/nppes_2025_21col.csv": (2967, 2967, 0, 0, 2967, 0),
    "nppes/npidata_small_41col.csv": (5904, 5691, 213, 0, 4656, 1035),
    "dac/DAC_2025_14col.csv": (5699, 5699, 0, 0, 2967, 0),
    "dac/DAC_2022_40col.csv": (227, 227, 0, 0, 220, 0),
    "dac/DAC_2026_7col_blank_tail.csv": (3741, 2199, 0, 1542, 2199, 0),
    "dac/Physician_Compare_2017_42col.csv.gz": (4687, 4687, 0, 0, 1639, 0),
}
# Whatever else lies there, with words of the sentence that refuses it.
OTHERS = {
    "nppes/npi_no_header_255col.csv": "no header",
    "nppes/npidata_20050523-20150308FileHeader.csv": "no rows",
    "nppes/nppes_api_flat.csv": "web service",
    "nppes/nppes_api_results.json": "JSON",
    "nppes/endpoint_pfile_20251103-20251109.csv": "endpoint",
    "nppes/othername_pfile_20251103-20251109.csv": "othername_pfile",
    "nppes/pl_pfile_20251103-20251109.csv": "pl_pfile",
    "dac/medicare_partb_dermatology_providers.csv": "services by provider",
}


def count(database: Any, query: Any) -> int:
    return database().scalar(select(func.count()).select_from(query.subquery())) or 0


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", EXPECTED)
def test_a_real_file_goes_in_once_and_whole(database: Any, name: str) -> None:
    read, taken, refused, blank, people, numbered = EXPECTED[name]
    data = (DATA / name).read_bytes()
    counts = bring_in(database, data)
    assert (counts.read, counts.taken, counts.refused, counts.blank) == (read, taken, refused, blank)
    assert set(counts.reasons) <= {"deactivated"}
    assert count(database, select(Provider.id)) == counts.providers_added == people
    assert count(database, select(Practice.id)) == counts.practices_added
    assert count(database, select(Practice.id).where(Practice.npi.is_not(None))) == numbered
    assert count(database, select(Affiliation.id)) == counts.affiliations_added
    check_what_stands_there(database)
    before = snapshot(database)
    again = bring_in(database, data)
    assert (again.unchanged, again.added, again.updated) == (taken, 0, 0)
    assert snapshot(database) == before


def check_what_stands_there(database: Any) -> None:
    """Everything that went in could also have been typed into the forms."""
    for place in database().scalars(select(Practice)):
        assert place.name
        assert not place.zip or read_zip(place.zip) == place.zip
        assert not place.state or read_state(place.state) == place.state
        assert all(number is None or read_phone(number) == number for number in (place.phone, place.fax))
        assert place.source_key is None or place.source_key.startswith(place.zip[:5])
    for person in database().scalars(select(Provider)):
        assert is_npi(person.npi or "")
        assert person.last_name
        assert person.search_key
        assert not person.last_name.isupper() or len(person.last_name) < 4, person.last_name


def test_both_files_of_2025_are_about_the_same_people(database: Any) -> None:
    first = bring_in(database, (DATA / "nppes/nppes_2025_21col.csv").read_bytes())
    second = bring_in(database, (DATA / "dac/DAC_2025_14col.csv").read_bytes())
    assert (first.providers_added, second.providers_added) == (2967, 0)
    assert second.practices_added < second.read - second.unchanged


def test_a_part_of_a_real_file(database: Any) -> None:
    wanted = RowFilter(states=frozenset({"OH"}))
    counts = bring_in(database, (DATA / "nppes/npidata_small_41col.csv").read_bytes(), wanted)
    assert counts.adds_up
    assert counts.filtered > 5_000
    assert {place.state for place in database().scalars(select(Practice))} == {"OH"}


@pytest.mark.parametrize("name", OTHERS)
def test_other_files_are_refused_with_a_sentence(database: Any, name: str) -> None:
    with pytest.raises(Invalid, match=OTHERS[name]):
        bring_in(database, (DATA / name).read_bytes())


def test_every_header_is_recognized() -> None:
    for name in EXPECTED:
        with (DATA / name).open("rb") as stream, open_table(stream) as table:
            assert recognize(table.header).has("npi")


@pytest.mark.skipif(not (DATA / "nucc").is_dir(), reason="the code list is not on this machine")
def test_the_taxonomy_table_agrees_with_the_published_list() -> None:
    with (DATA / "nucc/nucc_taxonomy_251.csv").open(encoding="utf-8-sig", newline="") as file:
        published = {row["Code"]: row for row in csv.DictReader(file)}
    assert [code for code in taxonomy.NAMES if code not in published] == []
    with (DATA / "nucc/Medicare_Provider_Taxonomies.csv").open(encoding="utf-8-sig", newline="") as file:
        crosswalk = {row[1].partition("/")[2] or row[1]: row[2].strip() for row in csv.reader(file)}
    unknown = [words for words in DAC_WORDS if words in crosswalk and not taxonomy.code_of(words)]
    assert unknown == []


DAC_WORDS = (
    "General Practice", "General Surgery", "Otolaryngology", "Anesthesiology", "Cardiovascular Disease (Cardiology)",
    "Dermatology", "Family Practice", "Gastroenterology", "Internal Medicine", "Neurology", "Neurosurgery",
    "Ophthalmology", "Orthopedic Surgery", "Pathology", "Psychiatry", "Pulmonary Disease", "Diagnostic Radiology",
    "Urology", "Nephrology", "Podiatry", "Nurse Practitioner", "Physician Assistant", "Hospitalist", "Rheumatology",
)  # fmt: skip
