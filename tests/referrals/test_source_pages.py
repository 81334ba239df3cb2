"""Tests of the pages of source matching: the queue, what was decided, and what is refused."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.accounts.viewer import SYSTEM
from crm.directory.models import Affiliation
from crm.referrals import source_queries, source_services
from crm.referrals.models import Referral, ReferralSource, SourceKind
from tests.cast import Cast, practice
from tests.pages import PageClient, count_statements
from tests.referrals.files import OKONJO, csv_bytes, event, events
from tests.referrals.importing import bring_in, rows, take_back

SignIn = Callable[..., PageClient]
LOST = {"Ref_NPI": "", "Referring_Practice": "Olentangy Fam Med"}


@pytest.fixture
def maren(sign_in: SignIn, cast: Cast) -> PageClient:
    return sign_in(cast.maren)


@pytest.fixture
def session(cast: Cast, database: Any) -> Session:
    return database()  # type: ignore[no-any-return]


def source_id(session: Session, name: str = "Olentangy Fam Med") -> int:
    return session.scalars(select(ReferralSource.id).where(ReferralSource.name == name)).one()


def test_the_queue_shows_what_files_say_and_one_press_matches(maren: PageClient, session: Session, cast: Cast) -> None:
    batch = bring_in(session, csv_bytes([event(n, **(LOST if n > 2 else {})) for n in range(1, 9)]))
    receipt = maren.get(f"/referrals/imports/{batch.id}")
    assert "/referrals/sources" in [link.get("href") for link in receipt.soup.select("main a")]
    page = maren.get("/referrals/sources")
    assert "2 of 8" in page.text
    assert "6 referrals count in totals, not for a practice" in page.text
    assert "Same name." in page.text
    assert "referrals.csv" in page.text
    chosen = {"practice_id": str(cast.olentangy.id), "page": "1", "q": ""}
    answer = maren.post(f"/referrals/sources/{source_id(session)}/decide", chosen)
    assert (answer.status, answer.location) == (302, "/referrals/sources")
    page = maren.get("/referrals/sources")
    assert "Olentangy Fam Med is remembered. 6 rows moved." in page.text
    assert "Every source is known" in page.text
    assert set(rows(session, "practice_id")) == {cast.olentangy.id}


def test_what_was_decided_says_who_and_can_be_undone(maren: PageClient, session: Session, cast: Cast) -> None:
    bring_in(session, events(4, **LOST))
    source_services.decide_source(
        session, cast.viewer(cast.maren), session.get_one(ReferralSource, source_id(session)), cast.southgate.id
    )
    page = maren.get("/referrals/sources/decided")
    assert "Southgate Internal Medicine" in page.text
    assert "Maren Oakes" in page.text
    assert "No decided source" in maren.get("/referrals/sources/decided?q=nobody").text
    maren.post(f"/referrals/sources/{source_id(session)}/undo")
    assert "Undone. 4 rows moved." in maren.get("/referrals/sources").text
    assert set(rows(session, "practice_id")) == {None}
    maren.post(f"/referrals/sources/{source_id(session)}/undo")
    assert "undone already" in maren.get("/referrals/sources/decided").text


def test_a_source_is_left_alone_on_request(maren: PageClient, session: Session, cast: Cast) -> None:
    bring_in(session, events(4, **LOST))
    maren.post(f"/referrals/sources/{source_id(session)}/leave", {"page": "1", "q": ""})
    assert "Olentangy Fam Med" not in str(maren.get("/referrals/sources").soup.main)
    assert "Left unmatched" in maren.get("/referrals/sources/decided").text


@pytest.mark.parametrize("chosen", ["", "nonsense", "999999", "-1", "9" * 30, "\u0663"])
def test_a_practice_that_is_none_is_told_beside_its_source(
    maren: PageClient, session: Session, cast: Cast, chosen: str
) -> None:
    bring_in(session, events(4, **LOST))
    page = maren.post(
        f"/referrals/sources/{source_id(session)}/decide", {"practice_id": chosen, "page": "1", "q": "olen"}
    )
    assert page.status == 422
    assert "Choose a practice of the list." in page.text
    assert page.soup.select_one("input[type=search][name=q]").get("value") == "olen"
    assert set(rows(session, "practice_id")) == {None}


def test_others_are_refused(sign_in: SignIn, session: Session, cast: Cast) -> None:
    bring_in(session, events(4, **LOST))
    for person in (cast.dana, cast.carol):
        browser = sign_in(person)
        assert browser.get("/referrals/sources").status == 403
        for step in ("leave", "set-apart"):
            assert browser.post(f"/referrals/sources/{source_id(session)}/{step}").status == 403
    viewer = cast.viewer(cast.dana)
    assert source_queries.list_waiting(session, viewer, "", 1).total == 0
    assert source_queries.coverage(session, viewer).received == 0


def test_no_source_that_is_not_there(maren: PageClient) -> None:
    for step in ("decide", "undo", "leave", "set-apart"):
        for number in ("0", "77", "9" * 20):
            assert maren.post(f"/referrals/sources/{number}/{step}").status == 404


def test_nothing_there(maren: PageClient) -> None:
    assert "No sources yet" in maren.get("/referrals/sources").text
    assert "Nothing decided yet" in maren.get("/referrals/sources/decided").text
    assert "No source is called like that" in maren.get("/referrals/sources?q=%25&page=9999999999").text


def test_looking_again_is_a_job(maren: PageClient, session: Session, cast: Cast, run_jobs: Callable[[], int]) -> None:
    bring_in(session, events(4, Ref_NPI="", Referring_Practice="Maple Street Clinic"))
    maple = practice(session, "Maple Street Clinic", cast.north)
    session.commit()
    maren.post("/referrals/sources/look-again")
    run_jobs()
    assert set(rows(session, "practice_id")) == {maple.id}


def test_search_finds_by_name_npi_and_place(maren: PageClient, session: Session) -> None:
    bring_in(session, csv_bytes([event(1, **LOST), event(2, Ref_NPI=OKONJO, Referring_Practice="100% Health")]))
    session.execute(Referral.__table__.update().values(practice_id=None))
    session.commit()
    for text, names in (("fam olen", {"Olentangy Fam Med"}), ("173048", {"100% Health"}), ("0%", {"100% Health"})):
        page = maren.get("/referrals/sources?" + urlencode({"q": text}))
        assert {head.get_text() for head in page.soup.select(".source-says h2")} == names


def test_referrals_of_no_practice_are_told_apart(maren: PageClient, session: Session) -> None:
    header = ("Referral ID", "Referral Date", "Referring Practice", "Referral Source")
    own = [[f"S-{n}", "03/02/2026", "", "Self referral"] for n in (1, 2)]
    bring_in(session, csv_bytes([*own, ["S-3", "03/02/2026", "Olentangy Fam Med", ""]], header))
    found = source_queries.coverage(session, SYSTEM)
    text = maren.get("/referrals/sources").text
    assert (found.received, found.apart, found.unmatched) == (3, 2, 1)
    assert "0 of 1" in text
    assert "2 more came from no practice" in text


def test_statements_do_not_grow_with_sources(maren: PageClient, session: Session, cast: Cast) -> None:
    def statements() -> int:
        with count_statements() as found:
            maren.get("/referrals/sources")
        return len(found)

    bring_in(session, events(2, **LOST))
    few = statements()
    bring_in(session, csv_bytes([event(n, Ref_NPI="", Referring_Practice=f"Clinic {n}") for n in range(10, 40)]))
    session.add(Affiliation(provider_id=cast.okonjo.id, practice_id=cast.southgate.id))
    session.commit()
    assert statements() == few


def test_the_queue_is_counted_from_an_index_and_reads_no_row(maren: PageClient, session: Session) -> None:
    if session.connection().dialect.name != "sqlite":
        pytest.skip("PostgreSQL takes what it has read last")
    bring_in(session, events(4, **LOST))
    with count_statements() as found:
        maren.get("/referrals/sources")
    (queue,) = [statement for statement in found if "sum(referral.count)" in statement]
    plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {queue}", (None,) * queue.count("?")).all()
    assert [row[3] for row in plan if "ix_referral" in row[3]] == [
        "SEARCH referral USING COVERING INDEX ix_referral_unmatched (source_id=?) LEFT-JOIN"
    ]


def test_a_source_whose_rows_all_found_a_practice_or_were_taken_back_is_not_in_the_queue(
    maren: PageClient, session: Session, cast: Cast
) -> None:
    first = bring_in(session, events(3, **LOST))
    bring_in(
        session, csv_bytes([event(n, Ref_NPI="", Referring_Practice="Maple Street Clinic") for n in range(20, 25)])
    )
    assert source_queries.list_waiting(session, SYSTEM, "", 1).total == 2
    take_back(session, first)
    found = source_queries.list_waiting(session, SYSTEM, "", 9)
    assert [(row.label, row.referrals, row.more_files) for row in found.rows] == [("Maple Street Clinic", 5, 0)]
    assert (found.total, found.number) == (1, 1)
    chosen = {"practice_id": str(cast.southgate.id)}
    maren.post(f"/referrals/sources/{source_id(session, 'Maple Street Clinic')}/decide", chosen)
    assert source_queries.list_waiting(session, SYSTEM, "", 1).total == 0


@pytest.mark.parametrize(
    ("kind", "words", "kept"),
    [("patient", "Patient", ""), ("self", "Self-referral", ""), ("advert", "Advertising", LOST)],
)
def test_what_is_no_practice_is_kept_apart_on_request(
    maren: PageClient, session: Session, kind: str, words: str, kept: dict[str, str]
) -> None:
    bring_in(session, events(4, **LOST))
    page = maren.get("/referrals/sources")
    assert [button.get_text() for button in page.soup.select(".source-other .dropdown-item")] == [
        "Patient", "Advertising", "Self-referral",
    ]  # fmt: skip
    chosen = {"kind": kind, "page": "1", "q": "olen"}
    answer = maren.post(f"/referrals/sources/{source_id(session)}/set-apart", chosen)
    assert (answer.status, answer.location) == (302, "/referrals/sources?q=olen")
    page = maren.get("/referrals/sources")
    assert f"Kept apart from practices as “{words}”" in page.text
    assert ("Its name is not kept" in page.text) is not bool(kept)
    assert "4 more came from no practice" in page.text
    decided = maren.get("/referrals/sources/decided")
    assert words in str(decided.soup.main)
    assert ("Olentangy Fam Med" in str(decided.soup.main)) is bool(kept)
    assert words in str(maren.get("/referrals").soup.main)
    maren.submit(decided, action="/undo")
    page = maren.get("/referrals/sources")
    assert ("Source without a name" in page.text) is not bool(kept)
    assert ("The name was not kept" in page.text) is not bool(kept)
    assert "0 of 4" in page.text


@pytest.mark.parametrize("kind", ["", "practice", "nonsense", "\u0663"])
def test_a_kind_that_is_none_changes_nothing(maren: PageClient, session: Session, kind: str) -> None:
    bring_in(session, events(4, **LOST))
    page = maren.post(f"/referrals/sources/{source_id(session)}/set-apart", {"kind": kind, "page": "1", "q": "olen"})
    assert page.status == 422
    assert "Say what this source is." in page.text
    assert source_queries.coverage(session, SYSTEM).apart == 0


def test_who_decided_first_is_not_overruled_by_an_old_page(maren: PageClient, session: Session, cast: Cast) -> None:
    bring_in(session, events(4, **LOST))
    number = source_id(session)
    maren.post(f"/referrals/sources/{number}/set-apart", {"kind": "advert"})
    for step in ("set-apart", "decide", "leave"):
        old = {"kind": "self", "practice_id": str(cast.southgate.id)}
        assert maren.post(f"/referrals/sources/{number}/{step}", old).status == 302
    assert "This source is no practice. Undo that first." in maren.get("/referrals/sources").text
    assert session.get_one(ReferralSource, number).kind is SourceKind.ADVERT
