"""Files of market data go in whole or not at all, are known again, replaced after asking, and taken back whole."""

import io
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.accounts.viewer import SYSTEM
from crm.audit.models import AuditEvent
from crm.core.errors import Conflict, Invalid, NotFound
from crm.jobs.run import Cancelled
from crm.referrals.market import file_queries, services, writing
from crm.referrals.market.models import (
    MarketDestination,
    MarketEdge,
    MarketImport,
    MarketState,
    MarketUpload,
)
from crm.referrals.market.services import About
from crm.referrals.market.share import Thresholds
from crm.referrals.models import Referral
from crm.referrals.rollup_models import ReferralPracticeMonth
from tests.cast import Cast
from tests.directory.cms_files import npi_of
from tests.referrals.market.pairs import (
    BECKER,
    FIRST,
    LAST,
    OKONJO,
    OURS,
    RIVAL,
    bring_in,
    hop_file,
    is_ours,
    take_back,
    take_in,
    usual_pairs,
)


@pytest.fixture
def session(database: Any, cast: Cast) -> Session:
    """A database with the cast."""
    return database()  # type: ignore[no-any-return]


def pairs_of(session: Session) -> list[tuple[str, str, int]]:
    query = select(MarketEdge.from_npi, MarketEdge.to_npi, MarketEdge.patients)
    return [(row[0], row[1], row[2]) for row in session.execute(query.order_by(MarketEdge.from_npi, MarketEdge.to_npi))]


def count(session: Session, model: Any) -> int:
    return session.scalar(select(func.count()).select_from(model)) or 0


def test_the_pairs_that_concern_us_go_in_and_no_referral_of_ours(session: Session) -> None:
    batch = bring_in(session, usual_pairs())
    assert (batch.read_rows, batch.kept_rows, batch.elsewhere_rows, batch.refused_rows) == (6, 5, 1, 0)
    assert (batch.state, batch.first_month, batch.last_month) == (MarketState.DONE, FIRST, LAST)
    assert {(a, b) for a, b, _ in pairs_of(session)} >= {(OKONJO, OURS), (BECKER, RIVAL)}
    assert count(session, MarketUpload) == count(session, Referral) == count(session, ReferralPracticeMonth) == 0
    events = select(AuditEvent.detail).where(AuditEvent.object_kind == "market_import", AuditEvent.action == "imported")
    assert session.scalar(events) == {"read": 6, "kept": 5, "elsewhere": 1, "refused": 0}


def test_who_receives_is_named_by_the_file_or_the_directory(session: Session) -> None:
    bring_in(session, hop_file([(OKONJO, BECKER, 44), (OKONJO, RIVAL, 40)]))
    rows = {row.npi: row for row in session.scalars(select(MarketDestination))}
    assert (rows[BECKER].name, rows[BECKER].kind) == ("Ruth Becker, MD", "Family medicine")
    assert (rows[RIVAL].name, rows[RIVAL].kind) == ("", "")
    assert (rows[BECKER].patients, rows[BECKER].transactions) == (44, 88)


def test_a_pair_that_stands_there_twice_goes_in_once(session: Session) -> None:
    batch = bring_in(session, hop_file([(OKONJO, OURS, 80), (OKONJO, OURS, 81)]))
    assert pairs_of(session) == [(OKONJO, OURS, 80)]
    assert (batch.kept_rows, batch.refused_rows) == (1, 1)


def test_the_same_file_is_known_again_under_any_months_and_packing(session: Session) -> None:
    first = bring_in(session, usual_pairs())
    again = take_in(session, usual_pairs(), "other.csv")
    with pytest.raises(Invalid, match="here already: hop_teaming_2018"):
        services.describe(session, again, About("Somebody else", FIRST - 24, LAST - 24))
    twin = file_queries.find_twin(session, again, "Somebody else", 1, 2)
    assert twin is not None
    assert twin.id == first.id


def test_a_corrected_file_replaces_the_earlier_one_after_asking(session: Session) -> None:
    first = bring_in(session, hop_file([(OKONJO, OURS, 80), (OKONJO, RIVAL, 20)]))
    corrected = hop_file([(OKONJO, OURS, 85)])
    with pytest.raises(Invalid, match="already: hop_teaming_2018"):
        bring_in(session, corrected, "hop_teaming_2018_v2.csv")
    second = bring_in(session, corrected, "hop_teaming_2018_v2.csv", replaces=first.id)
    session.refresh(first)
    assert (first.state, first.says) == (MarketState.TAKEN_BACK, writing.REPLACED)
    assert second.state is MarketState.DONE
    assert pairs_of(session) == [(OKONJO, OURS, 85)]


def test_another_year_stands_beside_the_first(session: Session) -> None:
    bring_in(session, hop_file([(OKONJO, OURS, 80)]))
    other = take_in(session, hop_file([(OKONJO, OURS, 70)]), "hop_teaming_2017.csv")
    services.describe(session, other, About(other.source, FIRST - 12, LAST - 12))
    services.mark_running(session, other)
    session.commit()
    writing.write_market(session, other.id, lambda _done, _total: session.commit())
    assert [file.first_month for file in file_queries.list_done(session)] == [FIRST, FIRST - 12]
    assert len(pairs_of(session)) == 2


def test_taking_back_leaves_nothing_and_the_file_can_come_again(session: Session) -> None:
    batch = bring_in(session, usual_pairs())
    take_back(session, batch)
    assert batch.state is MarketState.TAKEN_BACK
    assert count(session, MarketEdge) == count(session, MarketDestination) == 0
    assert bring_in(session, usual_pairs()).kept_rows == 5


def test_many_pairs_go_and_come_in_several_turns(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "TURN_ROWS", 7)
    rows = [(OKONJO, npi_of(n), 20 + n) for n in range(600, 625)] + [(npi_of(n), OKONJO, 30) for n in range(600, 620)]
    batch = bring_in(session, hop_file(rows))
    assert sorted(pairs_of(session)) == sorted(rows)
    take_back(session, batch)
    assert count(session, MarketEdge) == count(session, MarketDestination) == 0


def test_a_killed_import_is_not_read_and_goes_in_whole_the_next_time(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "TURN_ROWS", 2)
    batch = take_in(session, usual_pairs())
    services.describe(session, batch, About(batch.source, FIRST, LAST))
    services.mark_running(session, batch)
    session.commit()
    stopped = RuntimeError("killed")

    def kill(done: int, _total: int) -> None:
        session.commit()
        if done == 4:
            raise stopped

    with pytest.raises(RuntimeError):
        writing.write_market(session, batch.id, kill)
    assert count(session, MarketEdge) == 4
    assert file_queries.list_done(session) == []
    writing.write_market(session, batch.id, lambda _done, _total: session.commit())
    session.refresh(batch)
    assert (batch.state, batch.kept_rows, count(session, MarketEdge)) == (MarketState.DONE, 5, 5)


def test_a_cancelled_import_waits_again_and_leaves_nothing(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "TURN_ROWS", 2)
    batch = take_in(session, usual_pairs())
    services.describe(session, batch, About(batch.source, FIRST, LAST))
    services.mark_running(session, batch)
    session.commit()

    def cancel(done: int, _total: int) -> None:
        session.commit()
        if done:
            raise Cancelled

    with pytest.raises(Cancelled):
        writing.write_market(session, batch.id, cancel)
    writing.withdraw_market(session, batch.id, lambda _done, _total: session.commit(), "Cancelled.")
    session.refresh(batch)
    assert (batch.state, batch.says, count(session, MarketEdge)) == (MarketState.WAITING, "Cancelled.", 0)
    assert count(session, MarketUpload) == 1


def test_a_file_of_strangers_is_not_imported(session: Session) -> None:
    batch = take_in(session, hop_file([(npi_of(900), npi_of(901), 40)]))
    services.describe(session, batch, About(batch.source, FIRST, LAST))
    with pytest.raises(Invalid, match="No pair of this file concerns"):
        services.mark_running(session, batch)


@pytest.mark.parametrize(
    ("about", "field"),
    [
        (About("", FIRST, LAST), "source"), (About("CMS", None, LAST), "first"), (About("CMS", FIRST, None), "last"),
        (About("CMS", LAST, FIRST), "last"), (About("CMS", FIRST, 9999 * 12), "last"),
    ],
)  # fmt: skip
def test_months_and_source_must_be_said(session: Session, about: About, field: str) -> None:
    batch = take_in(session, usual_pairs(), "pairs.csv")
    assert batch.first_month is None
    with pytest.raises(Invalid) as caught:
        services.describe(session, batch, about)
    assert list(caught.value.fields) == [field]


def test_steps_out_of_order_are_refused(session: Session) -> None:
    batch = bring_in(session, usual_pairs())
    with pytest.raises(Conflict):
        services.give_up(session, batch)
    with pytest.raises(Conflict):
        services.describe(session, batch, About("CMS", FIRST, LAST))
    with pytest.raises(Conflict):
        services.mark_running(session, batch)
    with pytest.raises(Conflict):
        services.try_again(session, SYSTEM, batch)
    take_back(session, batch)
    with pytest.raises(Conflict):
        services.begin_take_back(session, SYSTEM, batch)


def test_what_nobody_imports_is_forgotten_after_a_day(session: Session) -> None:
    old = take_in(session, usual_pairs())
    old.updated_at = old.updated_at - services.KEPT_FOR * 2
    session.flush()
    services.take_in(session, SYSTEM, "new.csv", io.BytesIO(hop_file([(OKONJO, OURS, 40)])))
    assert old.state is MarketState.FAILED
    assert session.get(MarketUpload, old.id) is None


def test_the_name_of_a_file_names_no_patient(session: Session) -> None:
    for name in ("SSN 218-44-1029.csv", "Quill, Zeb.csv", "patient zeb.csv"):
        assert take_in(session, usual_pairs(), name).file_name == "file.csv"


def test_our_npis_are_checked(session: Session) -> None:
    is_ours(session)
    for npi in ("1234567890", "", "12", OURS, f"{OURS[:4]} {OURS[4:]}"):
        with pytest.raises(Invalid):
            services.add_our_npi(session, npi=npi, name="", site_id=None)


def test_segments_begin_in_order(session: Session) -> None:
    services.change_thresholds(session, Thresholds(80, 25))
    services.change_thresholds(session, Thresholds(60, 5))
    with pytest.raises(Invalid):
        services.change_thresholds(session, Thresholds(40, 40))


def test_the_rows_of_a_file_are_in_one_place_only(session: Session) -> None:
    """Whatever is replaced or taken back: no file that is not done keeps pairs."""
    first = bring_in(session, usual_pairs())
    bring_in(session, usual_pairs(), replaces=first.id)
    states = {file.id: file.state for file in session.scalars(select(MarketImport))}
    with_pairs = set(session.scalars(select(MarketEdge.import_id).distinct()))
    assert {states[id_] for id_ in with_pairs} == {MarketState.DONE}


def test_files_are_for_those_who_see_all_territories(session: Session, cast: Cast) -> None:
    batch = bring_in(session, usual_pairs())
    maren, dana = cast.viewer(cast.maren), cast.viewer(cast.dana)
    assert file_queries.get_market_import(session, maren, batch.id) is batch
    assert list(session.scalars(file_queries.market_imports_query(maren))) == [batch]
    assert list(session.scalars(file_queries.market_imports_query(dana))) == []
    with pytest.raises(NotFound):
        file_queries.get_market_import(session, dana, batch.id)
