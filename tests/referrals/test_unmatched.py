"""Tests of sources that match no practice, before their file is imported: what they may be, deciding, undo."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.core.db import db
from crm.referrals import import_services, source_services
from crm.referrals.importing import unmatched
from crm.referrals.importing.lock import only_one
from crm.referrals.importing.rows import Named
from crm.referrals.importing.unmatched import MOST_WAYS, Unmatched, by_source, described
from crm.referrals.models import ImportUpload, Referral, ReferralImport, ReferralSource, SourceKind
from crm.referrals.rollup import check_rollup
from tests.cast import Cast
from tests.pages import Answer, PageClient, count_statements
from tests.referrals.files import BECKER, csv_bytes, event
from tests.referrals.importing import bring_in, rows, whole_database
from tests.referrals.test_import_views import last_import, send

SignIn = Callable[..., PageClient]
LOST = {"Ref_NPI": "", "Referring_Practice": "OLENTANGY FAM MED LLC"}
SOUTH = {"Ref_NPI": "", "Referring_Practice": "Southgate Int Medicine"}
NOBODY = {"Ref_NPI": "", "Referring_Practice": "Zeb Quillfeather"}
PART = st.sampled_from(["", "a", "A", "b"])


@pytest.fixture
def maren(sign_in: SignIn, cast: Cast) -> PageClient:
    return sign_in(cast.maren)


@pytest.fixture
def session(cast: Cast, database: Any) -> Session:
    return database()  # type: ignore[no-any-return]


def waiting(client: PageClient, *lines: dict[str, str], start: int = 1) -> tuple[Answer, str]:
    """The check page of a file with two usual rows and these, and the address of what is said of its sources."""
    data = csv_bytes([event(start), event(start + 1), *(event(start + 2 + n, **line) for n, line in enumerate(lines))])
    page = send(client, data)
    return page, f"/referrals/imports/{last_import(db.session()).id}/sources"


def key(name: str) -> str:
    """By what a form names a source of the last file."""
    upload = db.session.scalars(select(ImportUpload).order_by(ImportUpload.import_id.desc())).first()
    assert upload is not None
    return next(key for key, source in upload.unknown.items() if source["name"] == name)


def source(session: Session, name: str = LOST["Referring_Practice"]) -> ReferralSource:
    return session.scalars(select(ReferralSource).where(ReferralSource.name == name)).one()


@given(st.dictionaries(st.builds(Named, st.just("practice"), st.none(), PART, PART, PART, PART), st.integers(1, 9)))
def test_ways_of_naming_one_source_are_shown_as_one(found: dict[Named, int]) -> None:
    sources = by_source(found)
    assert sum(sources.values()) == sum(found.values())
    told = described(found, sources)
    assert {way for one in told.values() for way in one.ways} == set(found)
    for one in told.values():
        assert len({(way.label, way.city, way.zip) for way in map(_small, one.ways)}) == 1
        assert Unmatched.from_json(one.as_json()) == one


def _small(way: Named) -> Named:
    return Named(*(part.casefold() if part else part for part in way))


def test_of_very_many_ways_the_commonest_are_kept() -> None:
    found = Counter({Named("practice", None, "Clinic", f"Dr. {n}", "", ""): n + 1 for n in range(MOST_WAYS + 5)})
    (one,) = described(found, by_source(found)).values()
    assert one.is_part
    assert (len(one.ways), one.ways[0].provider_name) == (MOST_WAYS, f"Dr. {MOST_WAYS + 4}")


def test_one_press_says_which_practice_it_is_before_the_import(
    maren: PageClient, session: Session, cast: Cast, run_jobs: Callable[[], int]
) -> None:
    page, _ = waiting(maren, *[LOST] * 3, NOBODY)
    assert "4 rows under 2 names" in page.text
    assert "Source is known 2 of 6" in page.text
    assert "Olentangy Family Medicine" in str(page.soup.select_one("#sources"))
    answer = maren.submit(page, action="/sources/decide", follow=True)
    assert "OLENTANGY FAM MED LLC is remembered, for this file and for later ones." in answer.text
    assert "1 row under 1 name" in answer.text
    assert "Source is known 5 of 6" in answer.text
    assert "OLENTANGY FAM MED LLC is Olentangy Family Medicine" in answer.text
    assert source(session).practice_id == cast.olentangy.id
    maren.submit(answer, action="/import")
    run_jobs()
    assert Counter(rows(session, "practice_id")) == {cast.olentangy.id: 5, None: 1}
    assert last_import(session).unmatched_rows == 1
    assert check_rollup(session) == []
    assert "OLENTANGY FAM MED LLC" not in waiting(maren, LOST, start=30)[0].text, "later files follow"
    assert "Maren Oakes" in maren.get("/referrals/sources/decided").text


def test_every_way_of_naming_it_is_meant_and_rows_that_are_there_follow(
    maren: PageClient, session: Session, cast: Cast, run_jobs: Callable[[], int]
) -> None:
    ways = [{**LOST, "Ref_NPI": npi} for npi in ("", "1999999919", "1999999927")]
    bring_in(session, csv_bytes([event(n, **way) for n, way in enumerate(ways[:2], 20)]))
    page, _ = waiting(maren, *ways)
    assert "3 rows under 1 name" in page.text
    maren.submit(page, action="/sources/decide")
    assert set(session.scalars(select(ReferralSource.practice_id))) == {cast.olentangy.id}
    run_jobs()
    assert set(rows(session, "practice_id")) == {cast.olentangy.id}
    assert check_rollup(session) == []


def test_more_ways_than_are_kept_are_asked_for_again(maren: PageClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unmatched, "MOST_WAYS", 2)
    page, _ = waiting(maren, *({**LOST, "Ref_NPI": npi} for npi in ("", "1999999919", "1999999927")))
    answer = maren.submit(page, action="/sources/decide", follow=True)
    assert "1 row under 1 name" in answer.text
    assert "Source is known 5 of 5" in maren.submit(answer, action="/sources/decide", follow=True).text


def test_a_name_that_was_not_kept_comes_back_with_the_file_that_says_it(
    maren: PageClient, session: Session, cast: Cast
) -> None:
    bring_in(session, csv_bytes([event(20, **LOST)]))
    viewer, taken_for_a_patient = cast.viewer(cast.maren), source(session)
    source_services.set_apart(session, viewer, taken_for_a_patient, SourceKind.PATIENT)
    source_services.undo_decision(session, viewer, taken_for_a_patient)
    session.commit()
    page, _ = waiting(maren, LOST)
    maren.submit(page, action="/sources/decide")
    assert source(session).practice_id == cast.olentangy.id
    assert set(rows(session, "practice_id")) == {cast.olentangy.id}


def test_all_sure_ones_at_once(maren: PageClient, session: Session, cast: Cast) -> None:
    both = (
        {**LOST, "Referring_Practice": "Olentangy Family Med"},
        {**SOUTH, "Referring_Practice": "Southgate Int Med"},
    )
    _, address = waiting(maren, *both)
    pairs = [
        f"{key(both[0]['Referring_Practice'])}:{cast.olentangy.id}",
        f"{key(both[1]['Referring_Practice'])}:{cast.southgate.id}",
    ]
    answer = maren.post(f"{address}/decide", {"chosen": pairs}, follow=True)
    assert "2 sources are remembered" in answer.text
    assert "Source is known 4 of 4" in answer.text
    assert "Sources that match no practice" not in answer.text


def test_what_was_said_can_be_undone_there(maren: PageClient, session: Session, cast: Cast) -> None:
    page, address = waiting(maren, *[LOST] * 3)
    answer = maren.submit(page, action="/sources/decide", follow=True)
    answer = maren.submit(answer, action="/sources/undo", follow=True)
    assert "Undone." in answer.text
    assert "3 rows under 1 name" in answer.text
    assert "Sources you know now" not in answer.text
    assert source(session).practice_id is None
    assert "undone already" in maren.post(f"{address}/undo", {"key": key(LOST["Referring_Practice"])}, follow=True).text


def test_a_patient_among_the_sources_is_forgotten_before_the_import(
    maren: PageClient, session: Session, run_jobs: Callable[[], int]
) -> None:
    _, address = waiting(maren, NOBODY, NOBODY, LOST)
    said = {"key": key("Zeb Quillfeather"), "kind": "patient"}
    answer = maren.post(f"{address}/set-apart", said, follow=True)
    assert "Kept apart from practices as “Patient”, in later files too. Its name is not kept." in answer.text
    assert "1 row under 1 name" in answer.text
    assert "Name not kept is Patient" in answer.text
    assert "Quillfeather" not in str(answer.soup.select("#sources, #said-sources"))
    maren.submit(answer, action="/import")
    run_jobs()
    assert "Quillfeather" not in whole_database(session)
    counted = select(func.count()).select_from(Referral).join(ReferralSource, ReferralSource.id == Referral.source_id)
    assert session.scalar(counted.where(ReferralSource.kind == SourceKind.PATIENT)) == 2
    assert check_rollup(session) == []


@pytest.mark.parametrize("chosen", ["", "nonsense", "999999", "-1", "9" * 30, "\u0663"])
def test_a_practice_that_is_none_is_told_beside_its_source(maren: PageClient, session: Session, chosen: str) -> None:
    _, address = waiting(maren, LOST)
    said = {"key": key(LOST["Referring_Practice"]), "practice_id": chosen}
    answer = maren.post(f"{address}/decide", said)
    assert answer.status == 422
    assert "Choose a practice of the list." in answer.text
    assert answer.soup.select_one("#sources details[open] [aria-invalid]")
    assert session.scalar(select(func.count()).select_from(ReferralSource)) == 0


def test_what_is_not_there_any_more_is_told(maren: PageClient, session: Session, cast: Cast) -> None:
    _, address = waiting(maren, LOST)
    for step, said in (("decide", {"practice_id": str(cast.olentangy.id)}), ("set-apart", {"kind": "advert"})):
        for wrong in ("", "nonsense", "'"):
            answer = maren.post(f"{address}/{step}", {"key": wrong, **said}, follow=True)
            assert "Somebody has said what this source is" in answer.text
    assert (
        maren.post(f"{address}/set-apart", {"key": key(LOST["Referring_Practice"]), "kind": "practice"}).status == 422
    )
    maren.post(address.replace("/sources", "/give-up"))
    answer = maren.post(f"{address}/decide", {"key": "x", "practice_id": str(cast.olentangy.id)}, follow=True)
    assert "This file is not waiting any more." in answer.text
    assert maren.post("/referrals/imports/999/sources/decide", {"key": "x"}).status == 404


def test_while_an_import_is_written_no_source_is_made(maren: PageClient, session: Session, cast: Cast) -> None:
    _, address = waiting(maren, LOST)
    said = {"key": key(LOST["Referring_Practice"]), "practice_id": str(cast.olentangy.id)}
    with only_one(session):
        answer = maren.post(f"{address}/decide", said, follow=True)
    assert "Another import is being written." in answer.text
    assert session.scalar(select(func.count()).select_from(ReferralSource)) == 0
    assert "is remembered" in maren.post(f"{address}/decide", said, follow=True).text


def test_a_large_file_is_not_checked_again_for_an_answer(
    maren: PageClient, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, _ = waiting(maren, LOST, NOBODY)
    monkeypatch.setattr(import_services, "CHECKED_AT_ONCE", 1)
    assert "Source is known 3 of 4" in maren.submit(page, action="/sources/decide", follow=True).text


def test_who_may_not_import_says_nothing(sign_in: SignIn, maren: PageClient, cast: Cast, session: Session) -> None:
    _, address = waiting(maren, LOST)
    for person in (cast.dana, cast.carol):
        for step in ("decide", "set-apart", "undo"):
            assert sign_in(person).post(f"{address}/{step}").status == 403


def test_a_file_that_was_checked_by_an_earlier_version_shows_its_names(maren: PageClient, session: Session) -> None:
    waiting(maren, LOST)
    batch = last_import(session)
    check = batch.mapping["check"]
    batch.mapping = {**batch.mapping, "check": {**check, "sources": [{"name": "OLENTANGY FAM MED LLC", "rows": 1}]}}
    session.get_one(ImportUpload, batch.id).unknown = {}
    session.commit()
    page = maren.get(f"/referrals/imports/{batch.id}")
    assert "OLENTANGY FAM MED LLC" in page.text
    assert not page.soup.select("#sources form")


def test_statements_do_not_grow_with_sources(maren: PageClient, session: Session) -> None:
    def statements(*lines: dict[str, str]) -> int:
        waiting(maren, *lines)
        with count_statements() as found:
            maren.get(f"/referrals/imports/{last_import(session).id}")
        return len(found)

    many = [{"Ref_NPI": BECKER[:9] + str(n), "Referring_Practice": f"Clinic {n}"} for n in range(9)]
    assert statements(LOST) == statements(*many)
    assert session.scalar(select(func.count()).select_from(ReferralImport)) == 2
