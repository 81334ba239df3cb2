"""Property tests: after any sequence of imports, corrections, take-backs and typing, the rollups equal the rows."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from itertools import product
from random import Random
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from crm.accounts.viewer import SYSTEM
from crm.referrals import layers, row_queries, services
from crm.referrals.importing import key_pages, leftovers, taking_back, writing
from crm.referrals.list_filters import RowFilter
from crm.referrals.models import ImportState, Referral, ReferralImport, ReferralKeyPage, ReferralStatus, SourceKind
from crm.referrals.queries import COUNTED, is_shown
from crm.referrals.rollup import check_rollup, rebuild_rollup
from crm.referrals.rollup_models import ReferralPracticeMonth, ReferralTotalMonth, ReferralTotalWait
from crm.referrals.services import Entry
from tests.cast import Cast
from tests.referrals.files import BECKER, OKONJO, csv_bytes, event, events
from tests.referrals.importing import bring_in, counts, rows, take_back

an_event = st.fixed_dictionaries(
    {
        "number": st.integers(1, 8),
        "Status": st.sampled_from(["Open", "Scheduled", "Completed", "Denied", "?"]),
        "Ref_NPI": st.sampled_from([OKONJO, BECKER, ""]),
        "Dept": st.sampled_from(["Ortho", "Cardio", ""]),
        "Payments": st.sampled_from(["", "10", "20.55"]),
        "Appt_Dt": st.sampled_from(["", "10/20/2026"]),
    }
)
a_step = st.one_of(
    st.tuples(
        st.sampled_from(["import", "large import"]),
        st.lists(an_event, min_size=1, max_size=6, unique_by=lambda e: e["number"]),
    ),
    st.tuples(st.just("take back"), st.integers(0, 5)),
    st.tuples(st.just("cut off"), st.integers(0, 5)),
    st.tuples(st.just("type in"), st.integers(1, 9)),
)


def imports_that_count(session: Session) -> Sequence[ReferralImport]:
    """Done, or begun to be taken back."""
    return session.scalars(
        select(ReferralImport).where(ReferralImport.state.in_(COUNTED)).order_by(ReferralImport.id)
    ).all()


def imported(session: Session) -> list[int]:
    """The import of each row that counts and was not typed in."""
    return [import_id for import_id in rows(session, "import_id") if import_id]


def run_step(session: Session, cast: Cast, kind: str, what: Any) -> None:
    if kind in ("import", "large import"):
        data = csv_bytes([event(e["number"], **{k: v for k, v in e.items() if k != "number"}) for e in what])
        with patch.object(layers, "LARGE_LAYER", 0 if kind == "large import" else 100):
            counts(bring_in(session, data))
    elif kind in ("take back", "cut off"):
        there = imports_that_count(session)
        if there and kind == "take back":
            take_back(session, there[what % len(there)])
        elif there:
            with patch.object(layers, "write", side_effect=KeyboardInterrupt), suppress(KeyboardInterrupt):
                take_back(session, there[what % len(there)])
            session.rollback()
    else:
        services.enter_referral(session, SYSTEM, Entry(cast.olentangy.id, month=2026 * 12 + what - 1, count=what))


@settings(
    max_examples=30, deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(a_step, min_size=1, max_size=6))
def test_the_rollup_equals_the_rows_after_any_sequence(cast: Cast, database: Any, steps: list[tuple[str, Any]]) -> None:
    session: Session = database()
    numbers: set[int] = set()
    for kind, what in steps:
        before = len(imported(session))
        run_step(session, cast, kind, what)
        assert check_rollup(session) == []
        if "import" in kind:
            numbers |= {e["number"] for e in what}
            newest = session.scalars(select(ReferralImport).order_by(ReferralImport.id.desc()).limit(1)).one()
            assert len(imported(session)) == before + newest.added_rows
        assert len(imported(session)) <= len(numbers)
    for batch in imports_that_count(session):
        take_back(session, batch)
    assert check_rollup(session) == []
    assert session.scalar(select(func.count()).where(Referral.replaced_by.is_not(None))) == 0
    assert all(row is None for row in session.scalars(select(Referral.import_id)))
    session.execute(delete(Referral))
    session.execute(delete(ReferralKeyPage))
    session.execute(delete(ReferralImport))
    rebuild_rollup(session)
    session.commit()


@pytest.fixture
def session(cast: Cast, database: Any) -> Session:
    return database()  # type: ignore[no-any-return]


def test_the_check_sees_every_kind_of_difference(session: Session) -> None:
    bring_in(session, events(9))
    for damage in (
        update(ReferralPracticeMonth).values(received=ReferralPracticeMonth.received + 1),
        update(ReferralPracticeMonth).values(paid_cents=0),
        update(ReferralTotalWait).values(referrals=7),
        update(ReferralPracticeMonth).values(entries=0),
        update(ReferralTotalMonth).values(matched=ReferralTotalMonth.matched + 1),
        delete(ReferralTotalWait),
        delete(ReferralPracticeMonth).where(ReferralPracticeMonth.month == 2026 * 12 + 4),
        update(Referral).values(count=2),
    ):
        session.execute(damage)
        assert check_rollup(session)
        rebuild_rollup(session)
        assert check_rollup(session) == []


def test_rows_of_an_unfinished_import_are_in_no_rollup_and_no_list(session: Session) -> None:
    batch = bring_in(session, events(4))
    batch.state = ImportState.RUNNING
    session.flush()
    rebuild_rollup(session)
    assert rows(session) == []
    assert session.scalar(select(func.count()).select_from(ReferralPracticeMonth)) == 0


def test_a_month_count_weighs_its_number_and_has_no_wait(session: Session, cast: Cast) -> None:
    services.enter_referral(session, SYSTEM, Entry(cast.olentangy.id, month=2026 * 12 + 1, count=40))
    services.enter_referral(
        session, SYSTEM, Entry(cast.olentangy.id, received_on=date(2026, 2, 3), appointment_on=date(2026, 2, 11))
    )
    found = session.execute(select(func.sum(ReferralPracticeMonth.received))).scalar_one()
    wait = session.scalars(select(ReferralTotalWait)).one()
    assert (found, wait.days, wait.referrals) == (41, 8, 1)


@pytest.mark.parametrize("who", ["maren", "dana"])
def test_the_list_knows_its_length_from_the_rollup(session: Session, cast: Cast, who: str) -> None:
    bring_in(session, events(30))
    services.enter_referral(session, SYSTEM, Entry(cast.southgate.id, month=2026 * 12 + 1, count=40))
    viewer = cast.viewer(getattr(cast, who))
    row = session.scalars(select(Referral).where(Referral.service_line_id.is_not(None))).first()
    assert row is not None
    choices: dict[str, tuple[Any, ...]] = {
        "month": (None, row.month), "first": (None, row.month), "last": (None, row.month),
        "territory": (None, 0, cast.north.id, cast.south.id), "source": (None, 0, row.practice_id),
        "line": (None, 0, row.service_line_id), "site": (None, 0, row.site_id or 0), "payer": (None, row.payer),
        "unmatched": (False, True), "status": (None, row.status), "batch": (None, row.import_id),
    }  # fmt: skip
    lengths = set()
    every = list(product(*choices.values()))
    for values in Random(20).sample(every, 120):
        chosen = RowFilter(**dict(zip(choices, values, strict=True)))
        exact = select(func.count()).select_from(row_queries.rows_query(viewer, chosen).order_by(None).subquery())
        assert sum(row_queries.rows_by_month(session, viewer, chosen).values()) == session.scalar(exact), chosen
        lengths.add(session.scalar(exact))
    assert len(lengths) > 3


def test_the_list_knows_its_length_by_kind_of_source(session: Session, cast: Cast) -> None:
    bring_in(session, events(9))
    bring_in(session, csv_bytes([event(n, Ref_NPI="", Referring_Practice="Self") for n in range(40, 46)]))
    bring_in(session, csv_bytes([event(n, Ref_NPI="", Referring_Practice="Walker Clinic") for n in range(50, 53)]))
    viewer, lengths = cast.viewer(cast.maren), {}
    for unmatched, kind, source in product((False, True), (None, *SourceKind), (None, 0)):
        chosen = RowFilter(unmatched=unmatched, kind=kind, source=source)
        exact = select(func.count()).select_from(row_queries.rows_query(viewer, chosen).order_by(None).subquery())
        found = sum(row_queries.rows_by_month(session, viewer, chosen).values())
        assert found == session.scalar(exact), chosen
        lengths[unmatched, kind, source] = found
    assert lengths[False, None, None] == 18
    assert lengths[False, None, 0] == 9
    assert lengths[True, None, None] == 3
    assert lengths[False, SourceKind.SELF, None] == 6
    assert lengths[False, SourceKind.PRACTICE, None] == 12


def test_every_page_of_the_list_follows_the_one_before(session: Session, cast: Cast, monkeypatch: Any) -> None:
    monkeypatch.setattr(row_queries, "PAGE_SIZE", 7)
    bring_in(session, events(30))
    viewer = cast.viewer(cast.maren)
    whole = [row.id for row in session.execute(row_queries.rows_query(viewer, RowFilter()))]
    pages = [row_queries.list_rows(session, viewer, RowFilter(), number).rows for number in range(1, 6)]
    assert len(whole) > 20
    assert [row.id for page in pages for row in page][: len(whole)] == whole
    assert row_queries.list_rows(session, viewer, RowFilter(status=ReferralStatus.LOST), 9).number == 1


def _watch(session: Session, monkeypatch: pytest.MonkeyPatch, look: Callable[[], None]) -> None:
    """Look at what everybody sees after every transaction of an import or a taking back."""

    @contextmanager
    def turn(_: Session) -> Iterator[None]:
        yield
        session.commit()
        look()

    for module in (writing, key_pages, taking_back, leftovers, layers):
        for name in ("turn", "step"):
            monkeypatch.setattr(module, name, turn, raising=False)
        for size in ("PAGE_KEYS", "STEP_ROWS", "STEP_CHANGES", "TURN_ROWS", "TURN_CELLS"):
            if hasattr(module, size):
                monkeypatch.setattr(module, size, 7)


@pytest.mark.parametrize("is_large", [False, True])
def test_after_every_turn_everybody_sees_all_of_an_import_or_nothing(
    session: Session, cast: Cast, monkeypatch: pytest.MonkeyPatch, is_large: bool
) -> None:
    def some(numbers: range, **values: str) -> bytes:
        months = {n: f"0{n % 2 + 2}" for n in numbers}
        days = {n: {"Referral_Date": f"{months[n]}/14/2026", "Appt_Dt": f"{months[n]}/20/2026"} for n in numbers}
        return csv_bytes([event(n, **days[n], **values) for n in numbers])

    monkeypatch.setattr(layers, "LARGE_LAYER", 0 if is_large else 100)
    bring_in(session, some(range(1, 10)))
    seen: list[tuple[Any, ...]] = []
    typed = 0

    def look() -> None:
        nonlocal typed
        typed += 1
        # Somebody types in a referral meanwhile, in a cell that the import changes, too.
        services.enter_referral(session, SYSTEM, Entry(cast.olentangy.id, received_on=date(2026, 3, 2)))
        session.commit()
        assert check_rollup(session) == []
        total = session.scalar(select(func.sum(ReferralTotalMonth.received)).where(is_shown(ReferralTotalMonth)))
        values = tuple(sorted(map(repr, rows(session, "status", "received_on", "import_id"))))
        assert total == len(values)
        seen.append(tuple(value for value in values if not value.endswith("None)")))

    before = tuple(sorted(map(repr, rows(session, "status", "received_on", "import_id"))))
    _watch(session, monkeypatch, look)
    batch = bring_in(session, some(range(5, 16), Status="Denied", Dept="Sleep"))
    after = seen[-1]
    assert set(seen) == {before, after}
    assert len(before) < len(after)
    seen.clear()
    take_back(session, batch)
    assert set(seen) == {before, after}
    assert typed > 20
    assert session.scalar(select(func.count()).where(ReferralPracticeMonth.layer == batch.id)) == 0
    assert session.scalar(select(func.count()).where(ReferralPracticeMonth.layer < 0)) == 0
