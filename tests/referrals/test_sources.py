"""Tests of source matching: a decision moves the rows that are there, later imports follow it, and undo undoes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import pytest
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from crm.accounts.viewer import SYSTEM, Viewer
from crm.audit.models import AuditEvent
from crm.core.errors import Conflict, Invalid
from crm.directory.models import Affiliation
from crm.jobs.models import Job
from crm.referrals import import_services, layers, services, source_queries, source_services
from crm.referrals.importing import checking, rematching
from crm.referrals.importing.lock import only_one
from crm.referrals.importing.rematching import rematch_all
from crm.referrals.importing.rows import Named
from crm.referrals.models import ImportUpload, Referral, ReferralImport, ReferralSource, SourceKind
from crm.referrals.queries import is_counted, is_shown
from crm.referrals.rollup import check_rollup
from crm.referrals.rollup_models import ReferralPracticeMonth, ReferralTotalMonth
from crm.referrals.services import Entry
from tests.cast import Cast, practice, provider
from tests.referrals.files import OKONJO, csv_bytes, event, events
from tests.referrals.importing import bring_in, rows, take_back, whole_database

LOST = {"Ref_NPI": "", "Referring_Practice": "Olentangy Fam Med LLC"}
SUNNY = {"Ref_NPI": "", "Referring_Practice": "Sunny Quill"}


@pytest.fixture
def session(cast: Cast, database: Any) -> Session:
    return database()  # type: ignore[no-any-return]


def the_source(session: Session, name: str = LOST["Referring_Practice"]) -> ReferralSource:
    return session.scalars(select(ReferralSource).where(ReferralSource.name == name)).one()


def at(session: Session) -> dict[int | None, int]:
    """How many rows that count lie at each practice, by the rows; the rollups must say the same."""
    assert check_rollup(session) == []
    query = select(Referral.practice_id, func.count()).where(is_counted()).group_by(Referral.practice_id)
    found = {row[0]: row[1] for row in session.execute(query)}
    table = ReferralTotalMonth
    matched = session.scalar(select(func.coalesce(func.sum(table.matched), 0)).where(is_shown(table)))
    assert matched == sum(count for practice_id, count in found.items() if practice_id)
    return found


def waiting(session: Session, viewer: Viewer) -> int:
    return source_queries.list_waiting(session, viewer, "", 1).total


def quiet(_done: int, _total: int) -> None: ...


def test_a_decision_moves_all_versions_of_the_rows_and_undo_moves_them_back(session: Session, cast: Cast) -> None:
    bring_in(session, events(12, **LOST))
    changed = bring_in(session, csv_bytes([event(n, Status="Completed", **LOST) for n in (1, 2, 3)]))
    found = source_services.decide_source(session, SYSTEM, the_source(session), cast.olentangy.id)
    assert found == (15, None)
    assert at(session) == {cast.olentangy.id: 12}
    take_back(session, changed)
    assert at(session) == {cast.olentangy.id: 12}
    assert the_source(session).decided_at is not None
    assert source_services.undo_decision(session, SYSTEM, the_source(session)) == (12, None)
    assert at(session) == {None: 12}
    assert (the_source(session).practice_id, the_source(session).decided_at) == (None, None)


def test_a_later_import_follows_the_decision(session: Session, cast: Cast) -> None:
    first = bring_in(session, events(5, **LOST))
    source_services.decide_source(session, SYSTEM, the_source(session), cast.southgate.id)
    later = bring_in(session, csv_bytes([event(n, **LOST) for n in range(1, 11)]))
    assert (later.added_rows, later.unchanged_rows, later.unmatched_rows) == (5, 5, 0)
    assert at(session) == {cast.southgate.id: 10}
    take_back(session, first)
    assert at(session) == {cast.southgate.id: 5}


def test_another_decision_moves_the_rows_on(session: Session, cast: Cast) -> None:
    bring_in(session, events(5, **LOST))
    source_services.decide_source(session, SYSTEM, the_source(session), cast.southgate.id)
    assert source_services.decide_source(session, SYSTEM, the_source(session), cast.olentangy.id).rows == 5
    assert at(session) == {cast.olentangy.id: 5}
    assert source_services.decide_source(session, SYSTEM, the_source(session), cast.olentangy.id).rows == 0


def test_undo_puts_rows_where_matching_says_on_their_day(session: Session, cast: Cast) -> None:
    stay = session.scalars(select(Affiliation).where(Affiliation.provider_id == cast.okonjo.id)).one()
    stay.starts_on = date(2026, 5, 1)
    bring_in(session, events(9, Referring_Practice=""))
    before = rows(session)
    assert set(at(session)) == {None, cast.olentangy.id}
    source = session.scalars(select(ReferralSource).where(ReferralSource.npi == OKONJO)).one()
    source_services.decide_source(session, SYSTEM, source, cast.southgate.id)
    assert at(session) == {cast.southgate.id: 9}
    assert set(rows(session, "provider_id")) == {cast.okonjo.id}
    source_services.undo_decision(session, SYSTEM, source)
    assert rows(session) == before


@pytest.mark.parametrize("is_large", [False, True])
def test_taking_any_import_back_afterwards_keeps_the_rollups_right(
    session: Session, cast: Cast, monkeypatch: pytest.MonkeyPatch, is_large: bool
) -> None:
    monkeypatch.setattr(layers, "LARGE_LAYER", 0 if is_large else 100)
    first = bring_in(session, events(8, **LOST))
    # The second import says another source, so only the superseded versions of its rows move.
    second = bring_in(session, csv_bytes([event(n, Status="Completed") for n in range(3, 12)]))
    assert second.has_own_layer == is_large
    source_services.decide_source(session, SYSTEM, the_source(session), cast.southgate.id)
    assert at(session) == {cast.southgate.id: 2, cast.olentangy.id: 9}
    take_back(session, session.get_one(ReferralImport, second.id))
    assert at(session) == {cast.southgate.id: 8}
    take_back(session, session.get_one(ReferralImport, first.id))
    assert at(session) == {}
    assert session.scalar(select(func.count()).select_from(ReferralPracticeMonth)) == 0


def watch(session: Session, monkeypatch: pytest.MonkeyPatch, look: Callable[[], None]) -> None:
    """Look at what everybody sees after every turn of moving rows."""

    @contextmanager
    def turn(_: Session) -> Iterator[None]:
        yield
        session.commit()
        look()

    monkeypatch.setattr(rematching, "turn", turn)
    monkeypatch.setattr(rematching, "TURN_ROWS", 3)


def test_after_every_turn_the_rollups_equal_the_rows(
    session: Session, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring_in(session, events(20, **LOST))
    source = the_source(session)
    seen: list[int] = []

    def look() -> None:
        services.enter_referral(session, SYSTEM, Entry(cast.olentangy.id, received_on=date(2026, 3, 2)))
        session.commit()
        seen.append(at(session).get(None, 0))

    watch(session, monkeypatch, look)
    source.practice_id = cast.olentangy.id
    session.commit()
    assert rematching.rematch_source(session, source.id, [], quiet) == 20
    assert seen == [17, 14, 11, 8, 5, 2, 0]
    source.practice_id = None
    session.commit()
    assert rematching.rematch_source(session, source.id, [cast.olentangy.id], quiet) == 20
    assert seen[-1] == 20


def test_what_was_cut_off_goes_on_when_it_is_begun_anew(
    session: Session, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring_in(session, events(20, **LOST))
    source = the_source(session)
    source.practice_id = cast.olentangy.id
    session.commit()
    turns = iter(range(100))

    def die() -> None:
        if next(turns) == 2:
            raise KeyboardInterrupt

    watch(session, monkeypatch, die)
    with pytest.raises(KeyboardInterrupt):
        rematching.rematch_source(session, source.id, [], quiet)
    session.rollback()
    assert at(session) == {cast.olentangy.id: 9, None: 11}
    assert rematching.rematch_source(session, source.id, [], quiet) == 11
    assert at(session) == {cast.olentangy.id: 20}


def test_looking_again_finds_what_the_directory_knows_by_now_and_follows_decisions(
    session: Session, cast: Cast
) -> None:
    bring_in(session, events(4, Ref_NPI="", Referring_Practice="Maple Street Clinic"))
    bring_in(session, csv_bytes([event(n, Ref_NPI="1144356890", Referring_Practice="") for n in range(10, 16)]))
    bring_in(session, csv_bytes([event(n, **LOST) for n in range(20, 23)]))
    assert rematch_all(session, quiet) == 0
    maple = practice(session, "Maple Street Clinic", cast.north)
    provider(session, "Iris", "Lund", "1144356890", cast.southgate)
    the_source(session).practice_id = cast.olentangy.id
    session.commit()
    assert rematch_all(session, quiet) == 13
    assert at(session) == {maple.id: 4, cast.southgate.id: 6, cast.olentangy.id: 3}
    assert rematch_all(session, quiet) == 0


def test_many_rows_or_a_busy_import_make_it_a_job(
    session: Session, cast: Cast, monkeypatch: pytest.MonkeyPatch, run_jobs: Callable[[], int]
) -> None:
    bring_in(session, events(12, **LOST))
    monkeypatch.setattr(source_services, "TURN_ROWS", 5)
    found = source_services.decide_source(session, SYSTEM, the_source(session), cast.olentangy.id)
    assert found.job is not None
    assert at(session) == {None: 12}
    run_jobs()
    assert at(session) == {cast.olentangy.id: 12}
    assert session.scalars(select(Job.says)).one() == "12 rows moved."


@pytest.mark.real_commits
def test_while_an_import_is_written_nobody_waits(session: Session, cast: Cast, run_jobs: Callable[[], int]) -> None:
    bring_in(session, events(3, **LOST))
    with only_one(session):
        found = source_services.decide_source(session, SYSTEM, the_source(session), cast.olentangy.id)
        session.commit()
    assert found.job is not None
    run_jobs()
    assert at(session) == {cast.olentangy.id: 3}


def test_a_source_can_be_left_without_a_practice(session: Session, cast: Cast) -> None:
    bring_in(session, events(3, **LOST))
    viewer = cast.viewer(cast.maren)
    assert waiting(session, viewer) == 1
    source_services.leave_source(session, viewer, the_source(session))
    assert waiting(session, viewer) == 0
    assert at(session) == {None: 3}
    source_services.undo_decision(session, viewer, the_source(session))
    assert waiting(session, viewer) == 1


def test_what_cannot_be_is_refused(session: Session, cast: Cast) -> None:
    bring_in(session, events(3, **LOST))
    cast.southgate.retired_on = date(2026, 1, 1)
    for practice_id in (0, 999_999, 2**40, cast.southgate.id):
        with pytest.raises(Invalid):
            source_services.decide_source(session, SYSTEM, the_source(session), practice_id)
    with pytest.raises(Conflict):
        source_services.undo_decision(session, SYSTEM, the_source(session))
    source_services.decide_source(session, SYSTEM, the_source(session), cast.olentangy.id)
    with pytest.raises(Conflict):
        source_services.leave_source(session, SYSTEM, the_source(session))


def test_decisions_stand_in_the_audit_trail(session: Session, cast: Cast) -> None:
    bring_in(session, events(3, **LOST))
    source_services.decide_source(session, SYSTEM, the_source(session), cast.olentangy.id)
    source_services.undo_decision(session, SYSTEM, the_source(session))
    query = select(AuditEvent.detail).where(AuditEvent.object_kind == "referral_source").order_by(AuditEvent.id)
    assert session.scalars(query).all() == [{"practice": "Olentangy Family Medicine"}, {"undone": True}]


def apart(session: Session) -> tuple[int, int, int]:
    """Referrals that came from no practice, those that lack one, and those that have one; the rollups are exact."""
    assert check_rollup(session) == []
    found = source_queries.coverage(session, SYSTEM)
    return found.apart, found.unmatched, found.matched


@pytest.mark.parametrize("is_large", [False, True])
@pytest.mark.parametrize("kind", [SourceKind.PATIENT, SourceKind.ADVERT, SourceKind.SELF])
def test_a_source_can_be_no_practice_also_in_later_files_and_undo_undoes(
    session: Session, cast: Cast, monkeypatch: pytest.MonkeyPatch, kind: SourceKind, is_large: bool
) -> None:
    monkeypatch.setattr(layers, "LARGE_LAYER", 0 if is_large else 100)
    first = bring_in(session, events(5, **SUNNY))
    bring_in(session, csv_bytes([event(9)]))
    before = rows(session)
    assert source_services.set_apart(session, SYSTEM, the_source(session, "Sunny Quill"), kind) == (0, None)
    assert apart(session) == (5, 0, 1)
    assert waiting(session, cast.viewer(cast.maren)) == 0
    again = bring_in(session, csv_bytes([event(n, **SUNNY) for n in range(1, 9)]))
    assert (again.added_rows, again.unchanged_rows, again.unmatched_rows) == (3, 5, 0)
    assert apart(session) == (8, 0, 1)
    changed = bring_in(session, csv_bytes([event(n, Status="Completed", **SUNNY) for n in (1, 2)]))
    assert (changed.updated_rows, apart(session)) == (2, (8, 0, 1))
    take_back(session, session.get_one(ReferralImport, changed.id))
    take_back(session, session.get_one(ReferralImport, again.id))
    assert apart(session) == (5, 0, 1)
    source = session.scalars(select(ReferralSource).where(ReferralSource.decided_at.is_not(None))).one()
    assert source_services.undo_decision(session, SYSTEM, source) == (0, None)
    assert (apart(session), rows(session)) == ((0, 5, 1), before)
    assert waiting(session, cast.viewer(cast.maren)) == 1
    take_back(session, session.get_one(ReferralImport, first.id))
    assert apart(session) == (0, 0, 1)


def test_of_a_patient_no_name_stays_until_a_later_file_says_it_again(session: Session, cast: Cast) -> None:
    data = events(4, **SUNNY)
    batch = import_services.take_in_file(session, SYSTEM, "a.csv", data)
    import_services.keep_summary(session, batch, checking.summarize(session, batch))
    session.commit()
    session.execute(delete(ImportUpload))  # a day later
    bring_in(session, data)
    source = the_source(session, "Sunny Quill")
    source_services.leave_source(session, SYSTEM, source)
    source_services.undo_decision(session, SYSTEM, source)
    assert "Sunny Quill" in whole_database(session)
    source_services.set_apart(session, SYSTEM, source, SourceKind.PATIENT)
    session.expire_all()
    everything = whole_database(session)
    assert "sunny" not in everything.lower()
    assert repr(Named("practice", None, "Sunny Quill", "", "", "").key) not in everything
    source_services.undo_decision(session, SYSTEM, source)
    assert source_queries.is_forgotten(source)
    with pytest.raises(Invalid, match="not kept"):
        source_services.decide_source(session, SYSTEM, source, cast.olentangy.id)
    bring_in(session, csv_bytes([event(n, **SUNNY) for n in (4, 5)]))
    assert (
        source_services.decide_source(session, SYSTEM, the_source(session, "Sunny Quill"), cast.olentangy.id).rows == 5
    )
    assert apart(session) == (0, 0, 5)


def test_rows_that_lie_at_a_practice_leave_it_and_come_back(session: Session, cast: Cast) -> None:
    stay = session.scalars(select(Affiliation).where(Affiliation.provider_id == cast.okonjo.id)).one()
    stay.starts_on = date(2026, 5, 1)
    bring_in(session, events(9, Referring_Practice=""))
    before = rows(session)
    source = session.scalars(select(ReferralSource).where(ReferralSource.npi == OKONJO)).one()
    assert source_services.set_apart(session, SYSTEM, source, SourceKind.ADVERT).rows == 5
    assert at(session) == {None: 9}
    assert apart(session) == (9, 0, 0)
    bring_in(session, events(9, Referring_Practice=""))
    assert apart(session) == (9, 0, 0)
    assert rematch_all(session, quiet) == 0
    source_services.undo_decision(session, SYSTEM, source)
    assert rows(session) == before
    assert apart(session)[0] == 0


def test_after_every_turn_of_setting_apart_the_rollups_equal_the_rows(
    session: Session, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring_in(session, events(12))
    source = session.scalars(select(ReferralSource)).one()
    monkeypatch.setattr(source_services, "TURN_ROWS", 1)
    found = source_services.set_apart(session, SYSTEM, source, SourceKind.ADVERT)
    assert found.job is not None
    session.commit()
    seen: list[tuple[int, int, int]] = []
    watch(session, monkeypatch, lambda: seen.append(apart(session)))
    assert rematching.rematch_source(session, source.id, found.job.payload["sources"][0]["earlier"], quiet) == 12
    assert seen == [(0, 3, 9), (0, 6, 6), (0, 9, 3), (0, 12, 0), (12, 0, 0)]
    seen.clear()
    undone = source_services.undo_decision(session, SYSTEM, source)
    assert undone.job is not None
    session.commit()
    # What was begun is overtaken by what was said last: it is apart already.
    source_services.set_apart(session, SYSTEM, source, SourceKind.SELF)
    session.commit()
    assert rematching.rematch_source(session, source.id, undone.job.payload["sources"][0]["earlier"], quiet) == 0
    assert set(seen) == {(12, 0, 0)}


def test_what_is_no_practice_is_neither_matched_nor_set_apart_again(session: Session, cast: Cast) -> None:
    bring_in(session, events(2, **SUNNY))
    source = the_source(session, "Sunny Quill")
    with pytest.raises(Invalid):
        source_services.set_apart(session, SYSTEM, source, SourceKind.PRACTICE)
    source_services.set_apart(session, SYSTEM, source, SourceKind.ADVERT)
    for decide in (
        lambda: source_services.set_apart(session, SYSTEM, source, SourceKind.SELF),
        lambda: source_services.leave_source(session, SYSTEM, source),
        lambda: source_services.decide_source(session, SYSTEM, source, cast.olentangy.id),
    ):
        with pytest.raises(Conflict, match="no practice"):
            decide()
    assert apart(session) == (2, 0, 0)
