"""From public files to an exported list: real ones where they lie beside the project, made ones of the same formats
everywhere. At each step the counts add up, and are compared with what the files say themselves. Then the doors for
messages: each public HL7 and FHIR file is read or refused as its description says."""

import csv
import io
import json
import re
import zipfile
from collections import Counter
from contextvars import Context
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.core.db import db
from crm.core.errors import Invalid
from crm.directory.models import Affiliation, Practice, Provider
from crm.exports.models import Export
from crm.referrals.importing.reading import read_file
from crm.referrals.market.models import MarketEdge, MarketImport
from crm.referrals.models import ImportState, Referral, ReferralImport, ReferralSource
from crm.referrals.rollup_models import ReferralPracticeMonth
from crm.visits.models import Visit
from tests.cast import Cast
from tests.directory import cms_files as cms
from tests.directory.cms_files import clinician, npi_of, organization
from tests.pages import PageClient

ROOT = Path(__file__).parent.parent
DATA = ROOT.parent / "shared" / "data"
MONTH = "2026-03"
HOP = "referrals/hop_teaming_nashville_15col.csv"
LAB = "referrals/lab_orders_by_npi.tsv"
NPPES = (
    "nppes/npidata_330col_cms_quoting.csv",
    "nppes/npidata_330col_pandas_floats.csv",
    "nppes/nppes_2025_21col.csv",
)
DAC = "dac/DAC_2025_14col.csv"
HOP_HEADER = [
    "from_npi", "to_npi", "patient_count", "transaction_count", "average_day_wait", "std_day_wait", "hospital_type",
    "pcp_class", "pcp_special", "to_organization", "full_name", "credential_text", "middle_name", "name_prefix_text",
    "name_suffix_text",
]  # fmt: skip
PEOPLE = range(1, 41)


@dataclass(frozen=True)
class Files:
    """The files of one walk."""

    folder: Path

    def path(self, name: str) -> Path:
        """Where a file lies."""
        return self.folder / name

    def rows(self, name: str) -> list[dict[str, str]]:
        """The rows of a file, read without the program."""
        with self.path(name).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file, delimiter="\t" if name.endswith(".tsv") else ","))


def make_files(folder: Path) -> Files:
    """Invented files in the formats of the real ones."""
    for part in ("nppes", "dac", "referrals"):
        (folder / part).mkdir(parents=True)
    people = [clinician(npi_of(n), last=f"WHITCOMB{n % 7}", line1=f"{n % 9 + 1} CANAL ROAD") for n in PEOPLE]
    places = [organization(npi_of(200 + n), f"RIVERBEND CLINIC {n}", line1=f"{n} CANAL ROAD") for n in range(1, 10)]
    quoted = [*people[:25], *places, cms.deactivated(npi_of(300)), clinician("123")]
    (folder / NPPES[0]).write_bytes(cms.nppes_330(quoted))
    (folder / NPPES[1]).write_bytes(cms.nppes_floats(people[20:35]))
    (folder / NPPES[2]).write_bytes(cms.nppes_21(people[30:]))
    (folder / DAC).write_bytes(cms.dac_14(cms.dac_row(npi_of(n), last=f"WHITCOMB{n % 7}") for n in PEOPLE))
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow(HOP_HEADER)
    for n in (*PEOPLE, 901, 902):  # two sources that nobody knows
        for hospital in (500, 501):
            counts = [n + 11, n + 50 + hospital % 2]
            rest = ["General Acute Care Hospital", "Internal Medicine", "NULL", "RIVERBEND HOSPITAL", "ADA WHITCOMB"]
            writer.writerow([npi_of(n), npi_of(hospital), *counts, 5.5, 33.2, *rest, "M.D.", "NULL", "DR.", "NULL"])
    (folder / HOP).write_text(text.getvalue(), encoding="utf-8")
    orders = [f"Lab {'AB'[lab]}\t{npi_of(n)}\t{n + 3 * lab}\n" for n in (*PEOPLE, 901, 902) for lab in range(2)]
    (folder / LAB).write_text("".join(["laboratory\tprovider_npi\tclaim_id_count\n", *orders]), encoding="utf-8")
    return Files(folder)


@pytest.fixture(params=["made", "real"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> Files:
    """Files that the test makes, and the real ones where there are any."""
    if request.param == "made":
        return make_files(tmp_path / "files")
    if not DATA.is_dir():
        pytest.skip("the public files are not on this machine")
    return Files(DATA)


def command(app: Flask, *words: str | Path) -> dict[str, Any]:
    """Run a command as from the shell; what its last line says."""
    db.session.commit()
    result = Context().run(app.test_cli_runner().invoke, args=[*map(str, words), "--json"])
    db.session.expire_all()
    assert result.exit_code == 0, result.output
    return dict(json.loads(result.stdout.splitlines()[-1]))


@pytest.mark.timeout(400)
def test_from_public_files_to_an_exported_list(
    app: Flask, cast: Cast, sign_in: Any, run_jobs: Any, files: Files
) -> None:
    session: Session = db.session()
    manager = sign_in(cast.maren)
    import_directory(app, session, files)
    import_again_by_page(manager, run_jobs, files)
    batch = import_referrals(session, manager, run_jobs, files)
    practice = log_visits(session, manager, batch)
    read_growth(session, manager, batch, practice)
    import_market(session, manager, run_jobs, files)
    export_contacts(session, sign_in(cast.priya), run_jobs)
    take_back(session, manager, run_jobs, batch)


def import_directory(app: Flask, session: Session, files: Files) -> None:
    """All four files by the commands: every row is accounted for, and nobody is there twice."""
    for name in (*NPPES, DAC):
        before = session.scalar(select(func.count()).select_from(Provider)) or 0
        told = command(app, "directory", "import-dac" if name == DAC else "import-nppes", files.path(name))
        rows = files.rows(name)
        assert told["read"] == len(rows)
        parts = ("added", "updated", "unchanged", "filtered", "refused", "blank")
        assert told["read"] == sum(told[part] for part in parts)
        after = session.scalar(select(func.count()).select_from(Provider)) or 0
        assert after == before + told["providers_added"]
    named = {row["NPI"].strip() for name in (*NPPES, DAC) for row in files.rows(name)}
    known = set(session.scalars(select(Provider.npi)))
    assert len(known & named) > 30
    again = command(app, "directory", "import-dac", files.path(DAC))
    assert (again["added"], again["updated"]) == (0, 0)


def import_again_by_page(manager: PageClient, run_jobs: Any, files: Files) -> None:
    """The same file through the page finds everything there."""
    data = files.path(NPPES[2]).read_bytes()
    values = {"file": (io.BytesIO(data), "nppes.csv")}
    answer = manager.post("/directory/imports/new", values, content_type="multipart/form-data")
    assert answer.status == 302
    run_jobs()
    assert f"{len(files.rows(NPPES[2])):,} rows" in manager.get(answer.location).text


def import_referrals(session: Session, manager: PageClient, run_jobs: Any, files: Files) -> ReferralImport:
    """Volumes of a stated month, through the page: checked, imported, and each row is where its source is."""
    rows = files.rows(LAB)
    values = {"file": (io.BytesIO(files.path(LAB).read_bytes()), "lab.tsv"), "month": MONTH}
    answer = manager.post("/referrals/imports/new", values, content_type="multipart/form-data")
    assert answer.status == 302, answer.text
    run_jobs()
    check = manager.get(answer.location)
    assert f"{len(rows):,} rows, 3 columns" in check.text
    manager.submit(check, action="/import")
    run_jobs()
    receipt = manager.get(answer.location)
    batch = session.scalars(select(ReferralImport).order_by(ReferralImport.id.desc())).first()
    assert batch is not None
    assert batch.state is ImportState.DONE
    assert batch.read_rows == len(rows)
    assert batch.added_rows + batch.updated_rows + batch.unchanged_rows + batch.refused_rows == len(rows)
    assert f"= {len(rows):,} rows in lab.tsv" in receipt.text
    assert_counts_are_those_of_the_file(session, batch, rows)
    return batch


def pairs(session: Session, query: Any) -> dict[Any, Any]:
    """The answer of a query with two columns."""
    return {row[0]: row[1] for row in session.execute(query)}


def assert_counts_are_those_of_the_file(session: Session, batch: ReferralImport, rows: list[dict[str, str]]) -> None:
    target = next(column for column in batch.mapping["columns"] if column["target"] == "count")
    assert batch.refused_rows == 0
    by_source: Counter[str] = Counter()
    for row in rows:
        by_source[row["provider_npi"]] += int(row[target["header"]])
    npi = ReferralSource.npi
    stored = select(npi, func.sum(Referral.count)).join(Referral, Referral.source_id == ReferralSource.id)
    stored = stored.where(Referral.import_id == batch.id)
    providers = pairs(session, select(Provider.npi, Provider.id))
    matched = (
        select(Provider.npi, func.sum(Referral.count))
        .join(Provider, Provider.id == Referral.provider_id)
        .where(Referral.import_id == batch.id)
    )
    unknown = {npi: count for npi, count in by_source.items() if npi not in providers}
    known = {npi: count for npi, count in by_source.items() if npi in providers}
    assert pairs(session, matched.group_by(Provider.npi)) == known
    without = stored.where(Referral.provider_id.is_(None)).group_by(npi)
    assert pairs(session, without) == unknown


def log_visits(session: Session, manager: PageClient, batch: ReferralImport) -> Practice:
    """Two visits to the practice that sent most, or to any when no source is known."""
    sent = select(Referral.practice_id).where(Referral.import_id == batch.id, Referral.practice_id.is_not(None))
    top = session.scalar(sent.group_by(Referral.practice_id).order_by(func.sum(Referral.count).desc()).limit(1))
    top = top or session.scalar(select(Affiliation.practice_id).order_by(Affiliation.practice_id.desc()).limit(1))
    practice = session.get_one(Practice, top)
    for day in ("2026-02-10", "2026-03-10"):
        form = manager.get(f"/visits/new?practice={practice.id}&separate=1")
        values = {"visit_on": day, "mode": "in_person", "outcome": "met", "objective": "Introduce the clinic"}
        answer = manager.submit(form, {**values, "note": "Wants a card for the front desk."})
        assert answer.status == 302, answer.text
    assert session.scalar(select(func.count()).where(Visit.practice_id == practice.id)) == 2
    assert "Wants a card for the front desk." in manager.get(f"/directory/practices/{practice.id}").text
    return practice


def read_growth(session: Session, manager: PageClient, batch: ReferralImport, practice: Practice) -> None:
    """The chart of the month says what the rows say, and the rollup agrees with them."""
    total = session.scalar(select(func.sum(Referral.count)).where(Referral.import_id == batch.id))
    assert session.scalar(select(func.sum(ReferralPracticeMonth.received))) == total
    answer = manager.get(f"/analytics/charts/referrals-by-month.csv?from={MONTH}&to={MONTH}").response
    rows = list(csv.DictReader(io.StringIO(answer.get_data(as_text=True).lstrip("\ufeff"))))
    assert (
        sum(int(row["Referrals"]) for row in rows if row["Month"] == f"{date.fromisoformat(MONTH + '-01'):%b %Y}")
        == total
    )
    drawn = manager.get(f"/analytics/charts/referrals-by-month.json?from={MONTH}&to={MONTH}").json
    heights = [value for trace in drawn["data"] for value in trace.get("y", []) if isinstance(value, int | float)]
    assert total in heights
    own = manager.get(f"/analytics/practices/{practice.id}.json").json
    assert own["data"] or own.get("empty")


def import_market(session: Session, manager: PageClient, run_jobs: Any, files: Files) -> None:
    """Shared patients that come to where referrals go in stand apart: no referral of ours is another afterwards."""
    rows = files.rows(HOP)
    ours = Counter(row["to_npi"] for row in rows).most_common(1)[0][0]
    manager.post("/referrals/market/our-npis", {"npi": ours, "name": "Our hospital", "site_id": ""})
    before = session.scalar(select(func.sum(Referral.count)))
    values = {"file": (io.BytesIO(files.path(HOP).read_bytes()), "hop_2018.csv"), "month": MONTH}
    check = manager.post("/referrals/imports/new", values, content_type="multipart/form-data", follow=True)
    assert "This is market data" in check.text
    manager.submit(check, action="#check")
    run_jobs()
    known = {*session.scalars(select(Provider.npi)), *session.scalars(select(Practice.npi)), ours}
    kept = [row for row in rows if row["from_npi"] in known or row["to_npi"] in known]
    batch = session.scalars(select(MarketImport)).one()
    assert (batch.read_rows, batch.kept_rows) == (len(rows), len(kept))
    assert batch.elsewhere_rows == len(rows) - len(kept)
    stored = session.execute(select(MarketEdge.from_npi, MarketEdge.to_npi, MarketEdge.patients))
    assert sorted(map(tuple, stored)) == sorted((r["from_npi"], r["to_npi"], int(r["patient_count"])) for r in kept)
    assert "An estimate from DocGraph Hop Teaming, 2018" in manager.get("/referrals/market").text
    assert session.scalar(select(func.sum(Referral.count))) == before
    manager.post(f"/referrals/market/files/{batch.id}/take-back")
    run_jobs()
    assert session.scalar(select(func.count()).select_from(MarketEdge)) == 0


def export_contacts(session: Session, marketing: PageClient, run_jobs: Any) -> None:
    """A list by mail: the file has as many rows as the receipt says, and the receipt adds up."""
    page = marketing.get("/exports/new?channel=mail")
    values = {"title": "Everybody", "purpose": "Holiday card", "file_format": "csv"}
    answer = marketing.submit(page, values)
    assert answer.status == 302, answer.text
    run_jobs()
    taken = session.scalars(select(Export).order_by(Export.id.desc())).first()
    assert taken is not None
    assert taken.rows
    receipt = marketing.get(f"/exports/{taken.id}")
    assert f"{taken.rows:,} + {taken.suppressed:,} = {taken.rows + (taken.suppressed or 0):,} people" in receipt.text
    file = marketing.get(f"/exports/{taken.id}/file").response
    rows = list(csv.DictReader(io.StringIO(file.get_data(as_text=True).lstrip("\ufeff"))))
    assert len(rows) == taken.rows


def take_back(session: Session, manager: PageClient, run_jobs: Any, batch: ReferralImport) -> None:
    """Nothing of the import stays."""
    answer = manager.post(f"/referrals/imports/{batch.id}/take-back")
    assert answer.status == 302
    run_jobs()
    assert session.get_one(ReferralImport, batch.id).state is ImportState.TAKEN_BACK
    assert session.scalar(select(func.count()).select_from(Referral)) == 0
    assert not session.scalar(select(func.sum(ReferralPracticeMonth.received)))


MESSAGES = DATA / "fhir_hl7"
WITH_REFERRALS = {
    "fhir_ServiceRequest-colonoscopy.json", "fhir_ServiceRequest-example-implant.json", "hl7v2_REF-I12-01.hl7",
    "hl7v2_REF-I12-01_as_fhir_bundle.json", "hl7v2_REF-I14-01.hl7", "hl7v2_REF-I14-01_as_fhir_bundle.json",
    "uscore_servicerequest-foodpantry-referral.json",
}  # fmt: skip
# The patients of these files, their relatives, insurers, diagnoses, and the other physicians around them.
PATIENTS = (
    "everyman", "patid1234", "220917255", "doe", "mary", "5426387999", "dann", "hiic", "hl71001111111111", "ulcer",
    "k63.3", "helicobacter", "refsrc", "attend", "shaw", "jane", "peter", "bradycardia", "specialist", "pacct110",
)  # fmt: skip


def message_files() -> list[Path]:
    """The public files of messages; none on a machine without them."""
    return sorted(path for path in MESSAGES.glob("*") if path.suffix in (".hl7", ".json"))


def rows_of(path: Path) -> list[dict[str, str]]:
    """What is taken of a file, by the names of its columns."""
    (sheet,) = read_file(path.name, path.read_bytes())
    (_, header), *lines = sheet.lines()
    return [dict(zip(header, cells, strict=True)) for line, cells in lines if line not in sheet.refused]


@pytest.mark.parametrize("path", message_files(), ids=lambda path: path.name)
def test_each_public_message_is_read_or_refused_as_it_is_described(path: Path) -> None:
    if path.name in WITH_REFERRALS:
        (row,) = rows_of(path)
        said = " ".join(row.values()).lower()
        assert row["Referral ID"]
        assert row["Referral Received Date"]
    else:
        with pytest.raises(Invalid, match="This file holds no referral") as refusal:
            rows_of(path)
        said = refusal.value.says.lower()
    assert [word for word in PATIENTS if re.search(rf"\b{re.escape(word)}\b", said)] == []


@pytest.mark.parametrize("event", ["I12", "I14"])
def test_an_hl7_referral_says_what_the_fhir_bundle_made_of_it_says(event: str) -> None:
    path = MESSAGES / f"hl7v2_REF-{event}-01.hl7"
    if not path.is_file():
        pytest.skip("the public files are not on this machine")
    bundle = json.loads(path.with_name(f"{path.stem}_as_fhir_bundle.json").read_text(encoding="utf-8"))
    known = {
        f"{entry['resource']['resourceType']}/{entry['resource']['id']}": entry["resource"] for entry in bundle["entry"]
    }
    request = next(
        resource for resource in known.values() if resource.get("identifier", [{}])[0].get("value") == "226839"
    )
    role = known[request["requester"]["reference"]]
    (name,) = known[role["practitioner"]["reference"]]["name"]
    source, target = known[role["organization"]["reference"]], known[request["performer"][0]["reference"]]
    (row,) = rows_of(path)
    assert row["Referral ID"] == request["identifier"][0]["value"]
    assert row["Referral Received Date"] == request["authoredOn"]
    assert row["Referring Provider"] == f"{name['given'][0]} {name['family']}, {name['suffix'][0]}"
    assert row["Referring Organization"] == source["name"]
    assert [row["Referring Provider City"], row["Referring Provider Zip"]] == [
        source["address"][0]["city"], source["address"][0]["postalCode"],
    ]  # fmt: skip
    assert row["Referred To Location"].casefold() == target["name"].casefold()
    assert row["Department"] == request["category"][1]["coding"][0]["display"]
    assert row["Referral Status"] == {"on-hold": "Pending", "entered-in-error": "Canceled"}[request["status"]]
    (converted,) = rows_of(path.with_name(f"{path.stem}_as_fhir_bundle.json"))
    same = [name for name in row if not name.startswith("Referred To")]
    assert [converted[name] for name in same] == [row[name] for name in same]


@pytest.mark.parametrize("path", sorted((DATA / "csv_hostile").glob("*.zip")), ids=lambda path: path.name)
def test_each_public_archive_is_read(path: Path) -> None:
    with zipfile.ZipFile(path) as packed:
        (name,) = packed.namelist()
        expected = list(csv.reader(io.StringIO(packed.read(name).decode("utf-8"), newline="")))
    (sheet,) = read_file(path.name, path.read_bytes())
    assert [[cell.strip() for cell in cells] for _, cells in sheet.lines()] == [
        [cell.strip() for cell in row] for row in expected if row
    ]
