"""Tests of the guessed mapping: the headers of real systems, and how sure a guess is."""

from datetime import date

import pytest

from crm.referrals.importing import mapping
from crm.referrals.importing.cells import Cells
from crm.referrals.importing.facts import CHOICES, NONE, day_number
from crm.referrals.importing.headers import Target, header_key, known_target
from crm.referrals.importing.kept import Block
from crm.referrals.importing.mapping import Sure
from crm.referrals.importing.preview import target_groups
from crm.referrals.importing.reading import read_file
from crm.referrals.importing.rows import Options, RowReader, Rows
from crm.referrals.importing.survey import survey
from crm.referrals.models import Grain
from tests.referrals.files import BECKER, OKONJO, csv_bytes

EPIC = {
    "REFERRAL_ID": ("88121", "referral_id"),
    "PAT_ID": ("Z123", None),
    "ENTRY_DATE": ("03/02/2026", ""),
    "RFL_STATUS_C_NAME": ("Authorized", "status"),
    "REFERRING_PROV_ID_REFERRING_PROV_NAM": ("OKONJO, NADIA", "provider_name"),
    "RFL_RECEIVED_DATE": ("03/03/2026", "received_on"),
    "PAYOR_ID_PAYOR_NAME": ("AETNA", "payer"),
    "REFD_BY_LOC_POS_ID_LOC_NAME": ("OLENTANGY", "source_name"),
    "REFD_TO_LOC_POS_ID_LOC_NAME": ("HARBOR", "site"),
    "REFD_TO_SPEC_C_NAME": ("Cardiology", "service_line"),
    "RPT_SENT_DATE": ("", "report_sent_on"),
}
WEBPT = {
    "Referral Contact": ("Nadia Okonjo", "provider_name"),
    "Referral Source": ("Physician", "source_kind"),
    "Referral Received Date": ("03/02/2026", "received_on"),
    "Primary Treatment Clinic": ("Dublin", "site"),
    "Insurance Type": ("Medicare", "payer"),
    "Diagnosis": ("M54.5", None),
}
HIKE = {
    "Patient ID": ("1", None),
    "Patient Name": ("x", None),
    "DOB": ("x", None),
    "Appt Date": ("03/09/2026", "appointment_on"),
    "Status": ("Completed", "status"),
    "Referring Physician": ("Okonjo", "provider_name"),
    "Referring Physician NPI": (OKONJO, "source_npi"),
    "Facility": ("Dublin", "site"),
    "Primary Insurance": ("Aetna", "payer"),
    "Created Date": ("03/02/2026", "received_on"),
}
COUNTS = {
    "Referral Name": ("Okonjo", "provider_name"),
    "Month": ("2026-03", "month"),
    "# Of Patients": ("4", "count"),
    "Charges": ("120", "billed"),
    "Payments": ("90", ""),
}
HOP = {
    "from_npi": (OKONJO, "source_npi"),
    "to_npi": (BECKER, ""),
    "patient_count": ("40", "count"),
    "transaction_count": ("70", ""),
    "to_organization": ("H", "site"),
    "full_name": ("N O", "provider_name"),
}
LAB = {"laboratory": ("Lab A", "site"), "provider_npi": (OKONJO, "source_npi"), "claim_id_count": ("465", "count")}


# Columns as people name them who write reports for these systems: no export of theirs is public.
REPORT = {
    "Date Created": ("03/02/2026", "received_on"),
    "Ref Prov Name": ("Okonjo, Nadia MD", "provider_name"),
    "Requesting Provider NPI": (OKONJO, "source_npi"),
    "Referring Location": ("Olentangy Family Medicine", "source_name"),
    "Svc Dept": ("Cardiology", "service_line"),
    "Appt Location": ("Dublin", "site"),
    "Ins Plan": ("Aetna PPO", "payer"),
    "Ins Plan ID": ("PLAN 7", None),
    "Insurance Verification Status": ("Verified", None),
    "Insurance Payments": ("90.00", "paid"),
    "Secondary Insurance": ("Medicare", ""),
    "Referral Outcome": ("Completed", "status"),
    "First Appt Date": ("03/09/2026", "appointment_on"),
    "Initial Eval Date": ("03/09/2026", "seen_on"),
    "Consult Note Sent Date": ("03/10/2026", "report_sent_on"),
    "External Referral ID": ("EX-7001", "referral_id"),
}


@pytest.mark.parametrize(
    "layout",
    [EPIC, WEBPT, HIKE, COUNTS, HOP, LAB, REPORT],
    ids=["Epic", "WebPT", "Hike", "counts", "hop", "lab", "report"],
)
def test_the_layouts_of_real_systems_are_recognized(layout: dict[str, tuple[str, str | None]]) -> None:
    found = survey(read_file("a.csv", csv_bytes([[value for value, _ in layout.values()]] * 2, tuple(layout))))
    guessed = {column.header: column.target.value for column in mapping.guess(found.main.kept, found.grain, 2)}
    assert guessed == {name: target for name, (_, target) in layout.items() if target is not None}


def guess_of(header: tuple[str, ...], *rows: tuple[str, ...]) -> dict[str, tuple[str, str]]:
    found = survey(read_file("a.csv", csv_bytes(rows, header)))
    return {c.header: (c.target.value, c.sure.value) for c in mapping.guess(found.main.kept, found.grain, len(rows))}


def test_how_sure_a_guess_is() -> None:
    found = guess_of(
        ("Referral Date", "NPI of whoever", "Net Rev", "Date of our referral", "Referring office name"),
        ("03/02/2026", OKONJO, "12.50", "03/02/2026", "x"),
        ("03/03/2026", BECKER, "9.00", "03/02/2026", "y"),
    )
    assert found["Referral Date"] == ("received_on", "sure")
    assert found["NPI of whoever"] == ("source_npi", "likely")
    assert found["Net Rev"] == ("net", "check")
    assert found["Date of our referral"] == ("", "sure")
    assert found["Referring office name"] == ("source_name", "likely")


def test_a_column_of_kinds_is_told_from_one_of_names() -> None:
    header = ("Referral Date", "Referral Source", "Referral Contact")
    kinds = [
        ("03/02/2026", kind, f"Nadia {n}") for n, kind in enumerate(("PHYSICIAN", "Word-of-mouth", "Internet", "self"))
    ]
    assert guess_of(header, *kinds)["Referral Source"] == ("source_kind", "likely")
    names = [("03/02/2026", name, "Nadia") for name in ("Olentangy Family", "Self", "Southgate", "Walker Clinic")]
    assert guess_of(header, *names)["Referral Source"] == ("source_name", "sure")
    alone = guess_of(header[:2], *(row[:2] for row in kinds))
    assert alone["Referral Source"] == ("source_name", "sure"), "no other column names the source"


PLANS = ("Aetna PPO", "Medicare", "BCBS of Ohio", "Caresource", "OH Preferred")


def payers_of(header: str, values: tuple[str, ...]) -> tuple[str, str]:
    rows = [("03/02/2026", OKONJO, value) for value in values * 6]
    return guess_of(("Referral Date", "Ref NPI", header), *rows).get(header, ("", "not kept"))


@pytest.mark.parametrize(
    "header",
    ["Ins Plan", "Fin Class", "Carrier", "Primary Coverage", "BENEFIT_PLAN_NAME", "Health Plan", "Insurance Company"],
)
def test_the_names_of_payer_columns_are_known(header: str) -> None:
    assert payers_of(header, PLANS) == ("payer", "sure")


def test_payers_are_known_by_their_values_under_any_other_name() -> None:
    assert payers_of("Cov 1 Txt", PLANS) == ("payer", "likely")
    assert payers_of("FC", ("COMM", "MCR", "MCD")) == ("payer", "likely")
    with_name = [("03/02/2026", OKONJO, plan, "Medicare") for plan in PLANS * 6]
    found = guess_of(("Referral Date", "Ref NPI", "Cov 1 Txt", "Payer"), *with_name)
    assert (found["Payer"][0], found["Cov 1 Txt"][0]) == ("payer", ""), "the one that is called so"


@pytest.mark.parametrize(
    ("header", "values"),
    [
        ("Ownership", ("Kaiser Permanente Clinic", "Humana Family Practice", "Aetna Physicians")),
        ("Heard From", ("Self", "Other", "None", "Internet")), ("St", ("VA", "MA", "OH")),
        ("Medicare Patient", ("Yes", "No", "Unknown")), ("Group", ("Medicare", "Route 7", "Cardiology", "Ortho")),
        ("Queue", ("Medicare", "Medicare")), ("Secondary Insurance", PLANS), ("Ins 2", PLANS),
        ("Auth Required By", PLANS),
    ],
)  # fmt: skip
def test_what_only_looks_like_payers_is_none(header: str, values: tuple[str, ...]) -> None:
    assert payers_of(header, values)[0] != "payer"


def test_a_payer_column_whose_values_name_no_payer_is_to_be_checked() -> None:
    assert payers_of("Plan", ("Call back", "See in May")) == ("payer", "check")


@pytest.mark.parametrize(
    ("header", "target"),
    [
        ("Referring Location", "source_name"), ("Referral Organization", "source_name"), ("Refer To Location", "site"),
        ("Scheduled Location", "site"), ("Scheduled On", "appointment_on"), ("Referral Logged On", "received_on"),
    ],
)  # fmt: skip
def test_a_word_that_ends_like_a_day_is_no_day(header: str, target: str) -> None:
    assert known_target(header_key(header))[0] == target  # type: ignore[index]


@pytest.mark.parametrize("grain", Grain)
def test_every_target_can_be_chosen_where_it_is_read(grain: Grain) -> None:
    offered = {target for _, targets in target_groups(grain, ["Status"]) for target in targets}
    assert Target.UNSAID not in offered, "only messages have such a column"
    of_messages = {target for _, targets in target_groups(grain, ["Not Said In Message"]) for target in targets}
    assert (Target.UNSAID in of_messages) == (grain is Grain.EVENT)
    assert {Target.SOURCE_KIND, Target.SOURCE_NAME} <= offered
    assert (Target.PARENT_ID in offered) == (grain is Grain.EVENT)


def test_a_name_whose_values_do_not_fit_is_to_be_checked() -> None:
    found = guess_of(
        ("Referral Date", "Ref NPI", "Payments"), ("03/02/2026", OKONJO, "yes"), ("03/04/2026", BECKER, "no")
    )
    assert found["Payments"] == ("paid", "check")


def test_dates_with_the_day_first_are_seen_in_the_whole_column() -> None:
    header = ("Referral Date", "Ref NPI")
    found = survey(read_file("a.csv", csv_bytes([("25/03/2026", OKONJO), ("04/03/2026", OKONJO)], header)))
    columns = mapping.guess(found.main.kept, found.grain, 2)
    reader = RowReader(columns, Grain.EVENT, Options(), date(2026, 11, 20))
    assert read_one(reader, ["04/03/2026", OKONJO]).columns["received_on"].tolist() == [day_number(date(2026, 3, 4))]


def test_what_a_mapping_lacks_is_told() -> None:
    assert mapping.missing([Target.RECEIVED_ON, Target.SOURCE_NPI], Grain.EVENT, has_month=False) == []
    told = mapping.missing([Target.BILLED, Target.PAID, Target.SITE, Target.SITE], Grain.MONTH, has_month=False)
    assert [says.split()[0] for says in told] == ["Two", "Two", "Say", "Say", "The"]


def test_a_choice_is_kept_with_its_column() -> None:
    column = mapping.MappedColumn("B", "Ref", Target.SITE, Sure.LIKELY, 0.5, day_first=True)
    assert mapping.MappedColumn.from_json(column.as_json()) == column
    assert [sure.label for sure in Sure] == ["Sure", "Likely", "Check this"]
    assert [sure.share > 0.6 for sure in Sure] == [True, True, False]


def reader_of(grain: Grain, *targets: Target, options: Options | None = None) -> RowReader:
    columns = [mapping.MappedColumn("A", target.label, target) for target in targets]
    return RowReader(columns, grain, options or Options(), date(2026, 11, 20))


def read_one(reader: RowReader, cells: list[str]) -> Rows:
    return reader(Block([1], [Cells.of([cell]) for cell in cells], {}))


def reason_of(reader: RowReader, cells: list[str]) -> str:
    rows = read_one(reader, cells)
    assert (rows.lines, len(rows)) == (1, 0)
    return rows.refused[0].reason


def test_a_row_without_a_status_has_the_one_its_dates_say() -> None:
    read = reader_of(Grain.EVENT, Target.RECEIVED_ON, Target.SOURCE_NPI, Target.APPOINTMENT_ON, Target.SEEN_ON)
    assert [
        CHOICES["status"][read_one(read, ["2026-03-02", OKONJO, *days]).columns["status"][0]]
        for days in (["", ""], ["2026-03-09", ""], ["2026-03-09", "2026-03-09"])
    ] == [
        "received",
        "scheduled",
        "seen",
    ]


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (["2026-12-24", OKONJO, "", "", ""], "Date lies in the future"),
        (["2026-03-02", OKONJO, "2031-01-01", "", ""], "Date lies in the future"),
        (["2026-03-02", OKONJO, "2026-03-01", "", ""], "Appointment before the referral was received"),
        (["2026-03-02", OKONJO, "", "2026-03-01", ""], "Seen before the referral was received"),
        (["2026-03-02", OKONJO, "", "2026-03-05", "2026-03-04"], "Report sent before the visit"),
        (["2026-03-02", OKONJO, "", "", "2026-03-01"], "Report sent before the referral was received"),
        (["", OKONJO, "", "", ""], "No received date"),
        (["2026-03-02", "", "", "", ""], "No source"),
    ],
)
def test_rows_that_cannot_be_are_refused(cells: list[str], reason: str) -> None:
    read = reader_of(
        Grain.EVENT, Target.RECEIVED_ON, Target.SOURCE_NPI, Target.APPOINTMENT_ON, Target.SEEN_ON, Target.REPORT_SENT_ON
    )
    assert reason_of(read, cells) == reason


def test_counts_take_the_month_of_the_file_or_the_stated_one() -> None:
    read = reader_of(
        Grain.MONTH, Target.SOURCE_NPI, Target.COUNT, options=Options(month=24314, service_line="PT", site="Dublin")
    )
    rows = read_one(read, [OKONJO, "1,204"])
    said = [rows.columns[name].tolist() for name in ("month", "count")]
    assert (said, rows.service_lines, rows.sites) == ([[24314], [1204]], ["PT"], ["Dublin"])
    assert rows.columns["received_on"].tolist() == [NONE]
    assert reason_of(reader_of(Grain.MONTH, Target.SOURCE_NPI, Target.COUNT), [OKONJO, "2"]) == "No month"
    later = reader_of(Grain.MONTH, Target.SOURCE_NPI, Target.COUNT, Target.MONTH)
    assert reason_of(later, [OKONJO, "2", "2026-12"]) == "Month lies in the future"
    assert reason_of(read, [OKONJO, ""]) == "No count"
