"""Rules of profiles: which one a file is recognized by, what its columns become, and how profiles are named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.referrals.importing import profiles
from crm.referrals.importing.headers import Target
from crm.referrals.importing.mapping import DateOrder, MappedColumn, Sure
from crm.referrals.importing.profiles import Fit, Saved, SavedColumn, SavedOptions
from crm.referrals.models import Grain

CLARITY = {
    "Referral Date": Target.RECEIVED_ON, "Ref NPI": Target.SOURCE_NPI, "Dept": Target.SERVICE_LINE,
    "Blob": Target.LEAVE_OUT, "Net Rev": Target.NET,
}  # fmt: skip


def saved(
    columns: dict[str, Target] = CLARITY, name: str = "Clarity", grain: Grain = Grain.EVENT, *, day_first: bool = False
) -> Saved:
    kept = tuple(SavedColumn(header, target) for header, target in columns.items())
    return Saved(1, name, grain, kept, SavedOptions(day_first=day_first))


def columns(*headers: str, **targets: Target) -> list[MappedColumn]:
    return [
        MappedColumn("A", header, targets.get(header.replace(" ", "_"), Target.LEAVE_OUT), Sure.LIKELY)
        for header in headers
    ]


@pytest.mark.parametrize(
    ("headers", "fit"),
    [
        (["Referral Date", "Ref NPI", "Dept", "Blob", "Net Rev"], Fit.EXACT),
        (["REFERRAL_DATE", "ref npi", "Dept", "Blob", "Net Rev"], Fit.EXACT),
        (["Ref NPI", "Referral Date", "Dept", "Blob", "Net Rev"], Fit.LIKELY),
        (["Referral Date", "Ref NPI", "Dept", "Net Rev", "Status"], Fit.LIKELY),
        (["Referral Date", "Ref NPI", "Dept", "Blob"], Fit.PARTLY),
    ],
)
def test_a_profile_fits_a_file(headers: list[str], fit: Fit) -> None:
    assert profiles.meet(saved(), headers).fit is fit


def test_it_says_what_is_new_gone_and_lacking() -> None:
    met = profiles.meet(saved(), ["Referral Date", "Ref NPI", "Dept", "Status"])
    assert (met.added, met.gone, met.lacking) == (("Status",), ("Blob",), ("Net Rev",))


def test_the_exact_profile_wins_and_its_rivals_are_named() -> None:
    smaller = saved({"Referral Date": Target.RECEIVED_ON, "Ref NPI": Target.SOURCE_NPI, "Dept": Target.SITE}, "Small")
    found, rivals = profiles.recognize([smaller, saved(), saved(name="Twin")], list(CLARITY), Grain.EVENT)
    assert found is not None
    assert (found.saved.name, rivals) == ("Clarity", ["Twin"])


def test_a_file_of_strange_columns_is_not_recognized() -> None:
    two = saved({"Referral Date": Target.RECEIVED_ON, "Ref NPI": Target.SOURCE_NPI})
    strange = ["Referral Date", "Ref NPI", "A", "B", "C", "D"]
    assert profiles.recognize([two, saved()], strange, Grain.EVENT) == (None, [])


def test_counts_are_never_read_as_single_referrals() -> None:
    assert profiles.recognize([saved()], list(CLARITY), Grain.MONTH)[0] is None
    assert profiles.recognize([saved(grain=Grain.MONTH)], list(CLARITY), Grain.EVENT)[0] is not None


def test_without_a_header_a_layout_is_never_certain() -> None:
    nameless = saved({"Column A": Target.SOURCE_NPI, "Column B": Target.COUNT})
    assert profiles.meet(nameless, ["Column A", "Column B"]).fit is Fit.LIKELY


def test_what_a_profile_does_not_know_is_left_out_or_to_be_checked() -> None:
    file = columns(
        "Referral Date", "Ref NPI", "Dept", "Net Rev", "Status", "Paid", Status=Target.STATUS, Paid=Target.PAID
    )
    met = profiles.meet(saved(), [column.header for column in file])
    profiles.apply(met, file, adds=True)
    assert [column.target for column in file[:4]] == [
        Target.RECEIVED_ON, Target.SOURCE_NPI, Target.SERVICE_LINE, Target.NET,
    ]  # fmt: skip
    assert [(column.target, column.sure) for column in file[4:]] == [
        (Target.STATUS, Sure.CHECK),
        (Target.LEAVE_OUT, Sure.SURE),  # one amount of money is all that a referral has
    ]
    profiles.apply(met, file, adds=False)
    assert file[4].target is Target.LEAVE_OUT


def test_columns_of_one_name_are_told_apart_by_their_order() -> None:
    twice = Saved(
        1, "Twice", Grain.EVENT, (SavedColumn("NPI", Target.LEAVE_OUT), SavedColumn("NPI", Target.SOURCE_NPI))
    )
    file = columns("NPI", "NPI")
    profiles.apply(profiles.meet(twice, ["NPI", "NPI"]), file, adds=False)
    assert [column.target for column in file] == [Target.LEAVE_OUT, Target.SOURCE_NPI]


@pytest.mark.parametrize(
    ("order", "said", "read"),
    [
        (DateOrder.UNKNOWN, True, True), (DateOrder.UNKNOWN, False, False), (DateOrder.MONTH, True, False),
        (DateOrder.DAY, False, True),
    ],
)  # fmt: skip
def test_what_dates_prove_counts_more_than_what_was_said(order: DateOrder, said: bool, read: bool) -> None:
    column = MappedColumn("A", "Referral Date", Target.RECEIVED_ON, date_order=order)
    profiles.set_date_order([column], day_first=said)
    assert column.day_first is read


@pytest.mark.parametrize(
    ("file_name", "name"),
    [
        ("epic_clarity-2026-03-01.csv", "Epic clarity"), ("harbor-referrals-2026.xlsx", "Harbor referrals"),
        ("extract 20261122 0400.csv", "Extract"), ("3M report v2.csv", "3M report v2"),
        ("2026.csv", "Files without a name"),
        ("x.csv", "X"), ("", "Files without a name"),
    ],
)  # fmt: skip
def test_a_profile_is_named_after_its_first_file(file_name: str, name: str) -> None:
    assert profiles.name_after(file_name) == name


HEADERS = st.lists(st.text("ab 12", max_size=3), min_size=1, max_size=6)


@given(HEADERS, st.randoms())
def test_a_profile_recognizes_its_own_columns_in_any_order(headers: list[str], dice: st.randoms) -> None:  # type: ignore[valid-type]
    own = Saved(1, "Own", Grain.EVENT, tuple(SavedColumn(header, Target.SITE) for header in headers))
    moved = list(headers)
    dice.shuffle(moved)  # type: ignore[attr-defined]
    found, _ = profiles.recognize([own], moved, Grain.EVENT)
    assert found is not None
    assert (found.added, found.gone, found.lacking) == ((), (), ())
    assert profiles.meet(own, headers).fit is Fit.EXACT
