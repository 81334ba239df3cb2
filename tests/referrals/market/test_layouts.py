"""Files of shared patients are known by their header and values, in every layout; nothing else is taken for one."""

import csv
import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.core.errors import Invalid
from crm.referrals.market.layouts import Field, check_columns, count_of, is_market_file, recognize
from crm.referrals.market.models import MarketLayout
from tests.directory.cms_files import npi_of

DATA = Path(__file__).parents[4] / "shared" / "data" / "referrals"
A, B = npi_of(1), npi_of(2)
HEAD = ["from_npi", "to_npi", "patient_count", "transaction_count", "average_day_wait", "std_day_wait"]
ROW = [A, B, "40", "75", "5.2", "36.6"]


def test_hop_teaming_by_its_header() -> None:
    found = recognize([HEAD, ROW])
    assert found is not None
    assert found.kind is MarketLayout.HOP_TEAMING
    assert found.places == {Field.FROM: 0, Field.TO: 1, Field.PATIENTS: 2, Field.TRANSACTIONS: 3, Field.WAIT: 4}


def test_shared_patients_without_a_header_in_the_order_of_cms() -> None:
    found = recognize([[A, B, "96", "27", "3"], [B, A, "253", "20", "15"]])
    assert found is not None
    assert found.kind is MarketLayout.SHARED_PATIENTS
    assert found.header_line is None
    assert found.places == {Field.FROM: 0, Field.TO: 1, Field.TRANSACTIONS: 2, Field.PATIENTS: 3, Field.SAME_DAY: 4}


def test_hop_teaming_without_a_header() -> None:
    found = recognize([[A, B, "40", "75", "5.2", "36.6"], [B, A, "11", "11", "0", "NULL"]])
    assert found is not None
    assert found.kind is MarketLayout.HOP_TEAMING
    assert (found.places[Field.PATIENTS], found.places[Field.TRANSACTIONS], found.places[Field.WAIT]) == (2, 3, 4)


def test_a_title_above_the_header_and_names_of_others() -> None:
    found = recognize([["Shared patients"], ["npi1", "npi2", "pairCount", "beneCount", "sameDayCount"], [A, B, *"432"]])
    assert found is not None
    assert (found.kind, found.header_line) == (MarketLayout.SHARED_PATIENTS, 1)


@given(st.permutations(range(len(HEAD))))
def test_the_order_of_columns_does_not_matter(order: list[int]) -> None:
    found = recognize([[HEAD[at] for at in order], [ROW[at] for at in order]])
    assert found is not None
    assert {field: HEAD[order[place]] for field, place in found.places.items()} == {
        Field.FROM: "from_npi", Field.TO: "to_npi", Field.PATIENTS: "patient_count",
        Field.TRANSACTIONS: "transaction_count", Field.WAIT: "average_day_wait",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("headers", "row"),
    [
        (["Referring NPI", "Referred-to NPI", "Referral date", "Patients"], [A, B, "2026-03-01", "3"]),
        (["from_npi", "to_npi", "patient_count", "month"], [A, B, "40", "2026-03"]),
        (["from_npi", "to_npi", "referrals"], [A, B, "40"]),
        (["from_npi", "to_npi", "patient_count"], ["1234567890", "1234567891", "40"]),
        (["provider_npi", "claim_id_count"], [A, "40"]),
        (["npi", "name"], [A, "Ada Whitcomb"]),
        ([], [A, B, "Ada Whitcomb", "40", "3"]),
        ([], [A, "40", "3", "2", "1"]),
        ([], []),
    ],
)
def test_what_is_something_else(headers: list[str], row: list[str]) -> None:
    assert not is_market_file(headers, [row] * 3)


def test_the_way_of_writing_a_database_and_a_data_tool() -> None:
    assert recognize([HEAD, [f"{A}.0", f" {B} ", "40.0", "NULL", "NULL", ""]])
    assert (count_of("76.0"), count_of("NULL"), count_of("7.5"), count_of("-3"), count_of("9" * 12)) == (
        76, None, None, None, None,
    )  # fmt: skip


@pytest.mark.parametrize("name", ["patient_name", "MRN", "Date of birth", "member id", "patient"])
def test_a_column_about_single_patients_is_refused_by_its_name(name: str) -> None:
    layout = recognize([[*HEAD, name], [*ROW, "x"]])
    assert layout is not None
    with pytest.raises(Invalid, match="Column G is about single patients"):
        check_columns(layout, [[*ROW, "x"]])


def test_a_column_about_single_patients_is_refused_by_its_values_and_never_quoted() -> None:
    layout = recognize([[*HEAD, "remark"], ROW])
    assert layout is not None
    with pytest.raises(Invalid) as caught:
        check_columns(layout, [[*ROW, "call back"], [*ROW, "218-44-1029"]])
    assert "218" not in caught.value.says
    check_columns(layout, [[*ROW, "call back"]])


REAL = {
    "hop_teaming_6col.csv": MarketLayout.HOP_TEAMING, "hop_teaming_nashville_15col.csv": MarketLayout.HOP_TEAMING,
    "hop_team_nashville_20col_latlon.csv": MarketLayout.HOP_TEAMING, "hop_team_35col.csv.gz": MarketLayout.HOP_TEAMING,
    "physician_shared_patient_patterns_5col_TINY.txt": MarketLayout.SHARED_PATIENTS,
    "capacity_referrals_SYNTHETIC.csv": None, "home_health_physician_referrals_SYNTHETIC.csv": None,
    "lab_orders_by_npi.tsv": None,
}  # fmt: skip


@pytest.mark.parametrize("name", REAL)
def test_real_files(name: str) -> None:
    if not DATA.is_dir():
        pytest.skip("the public files are not on this machine")
    path = DATA / name
    raw = gzip.decompress(path.read_bytes()) if name.endswith(".gz") else path.read_bytes()
    lines = list(csv.reader(raw.decode().splitlines()[:50], delimiter="\t" if name.endswith("tsv") else ","))
    found = recognize(lines)
    assert (found.kind if found else None) is REAL[name]
