"""Where sources send, by practice and by provider, in the scope of the viewer; against our kind or against all."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete
from sqlalchemy.orm import Session

from crm.accounts.viewer import SYSTEM, Viewer
from crm.core import clock
from crm.directory.models import Affiliation, Tier
from crm.referrals.market import services, share_queries
from crm.referrals.market.filters import Level, ShareFilter
from crm.referrals.market.models import MarketDestination, MarketImport
from crm.referrals.market.share import Basis, Care, Thresholds
from tests.cast import Cast, practice, provider
from tests.directory.cms_files import npi_of
from tests.referrals.market.pairs import BECKER, OKONJO, OURS, RIVAL, bring_in, hop_file, is_ours, usual_pairs


@pytest.fixture
def session(database: Any, cast: Cast) -> Session:
    """A database with the cast and one NPI of ours."""
    session: Session = database()
    is_ours(session)
    return session


def cares(
    session: Session, file: MarketImport, viewer: Viewer = SYSTEM, basis: Basis | None = None, **chosen: Any
) -> dict[str, Care]:
    comparison = share_queries.compare(session, file, basis)
    rows = share_queries.list_sources(session, viewer, comparison, ShareFilter(**chosen))
    assert len({row.name for row in rows}) == len(rows)
    return {row.name: row.care for row in rows}


def test_by_practice_against_our_kind(session: Session) -> None:
    file = bring_in(session, usual_pairs())
    comparison = share_queries.compare(session, file, None)
    assert (comparison.basis, comparison.kinds) == (Basis.KIND, ("General acute care hospital",))
    assert (comparison.known, comparison.unknown) == (480, 0)
    assert cares(session, file) == {
        "Olentangy Family Medicine": Care(80, 20, 0),
        "Southgate Internal Medicine": Care(30, 60, 400),
    }


def test_against_all_destinations(session: Session) -> None:
    file = bring_in(session, usual_pairs())
    assert cares(session, file, basis=Basis.ALL)["Southgate Internal Medicine"] == Care(30, 460, 0)


def test_where_kinds_are_not_known_all_are_compared(session: Session) -> None:
    file = bring_in(session, hop_file([(OKONJO, OURS, 80), (OKONJO, RIVAL, 20)]))
    assert share_queries.compare(session, file, None).basis is Basis.ALL
    assert cares(session, file) == {"Olentangy Family Medicine": Care(80, 20, 0)}


def test_a_liaison_sees_the_own_territory_only(session: Session, cast: Cast) -> None:
    file = bring_in(session, usual_pairs())
    dana, tomas = cast.viewer(cast.dana), cast.viewer(cast.tomas)
    assert list(cares(session, file, dana)) == ["Olentangy Family Medicine"]
    assert list(cares(session, file, tomas, by=Level.PROVIDERS)) == ["Becker, Ruth"]
    assert cares(session, file, dana, territory=cast.south.id) == {}
    comparison = share_queries.compare(session, file, None)
    assert share_queries.care_of_practice(session, dana, comparison, cast.southgate.id) == Care()
    assert share_queries.care_of_practice(session, dana, comparison, cast.olentangy.id) == Care(80, 20, 0)


def test_filters_by_tier_and_territory(session: Session, cast: Cast) -> None:
    file = bring_in(session, usual_pairs())
    assert list(cares(session, file, tier=Tier.A)) == ["Olentangy Family Medicine"]
    assert list(cares(session, file, territory=cast.south.id)) == ["Southgate Internal Medicine"]


def test_a_provider_counts_at_one_practice_the_main_one_of_today(session: Session, cast: Cast) -> None:
    file = bring_in(session, usual_pairs())
    second = practice(session, "Second Office", cast.north)
    session.add(Affiliation(provider_id=cast.okonjo.id, practice_id=second.id, is_primary=False))
    session.flush()
    assert "Second Office" not in cares(session, file)
    main = next(row for row in cast.okonjo.affiliations if row.practice_id == cast.olentangy.id)
    main.ends_on = clock.today() - timedelta(days=1)
    session.flush()
    found = cares(session, file)
    assert found["Second Office"] == Care(80, 20, 0)
    assert "Olentangy Family Medicine" not in found


def test_the_number_of_a_practice_counts_for_it_and_ours_for_nobody(session: Session, cast: Cast) -> None:
    cast.olentangy.npi = npi_of(700)
    us = practice(session, "Our own office", cast.north, npi=OURS)
    session.flush()
    file = bring_in(session, hop_file([(npi_of(700), OURS, 11), (OKONJO, OURS, 30), (OURS, RIVAL, 99)]))
    assert cares(session, file) == {"Olentangy Family Medicine": Care(41, 0, 0)}
    assert us.name not in cares(session, file)
    assert cares(session, file, by=Level.PROVIDERS) == {"Okonjo, Nadia": Care(30, 0, 0)}


def test_a_number_of_both_a_person_and_a_practice_counts_once(session: Session, cast: Cast) -> None:
    cast.olentangy.npi = OKONJO
    session.flush()
    assert cares(session, bring_in(session, usual_pairs()))["Olentangy Family Medicine"] == Care(80, 20, 0)


def test_retired_ones_are_left_out(session: Session, cast: Cast) -> None:
    file = bring_in(session, usual_pairs())
    cast.okonjo.retired_on = cast.southgate.retired_on = clock.today()
    session.flush()
    assert cares(session, file) == {}


def test_the_top_three_others(session: Session, cast: Cast) -> None:
    rows = [(OKONJO, npi_of(800 + n), 20 + n) for n in range(5)]
    file = bring_in(session, hop_file([*rows, (OKONJO, OURS, 99), (BECKER, RIVAL, 30)]))
    comparison = share_queries.compare(session, file, None)
    ids = [cast.olentangy.id, cast.southgate.id]
    found = share_queries.top_competitors(session, comparison, Level.PRACTICES, ids)
    assert [other.patients for other in found[cast.olentangy.id]] == [24, 23, 22]
    assert found[cast.southgate.id] == [(f"NPI {RIVAL}", 30)]
    by_person = share_queries.top_competitors(session, comparison, Level.PROVIDERS, [cast.okonjo.id])
    assert by_person == {cast.okonjo.id: found[cast.olentangy.id]}
    assert share_queries.top_competitors(session, comparison, Level.PRACTICES, []) == {}


def test_others_of_another_kind_are_no_competitors(session: Session, cast: Cast) -> None:
    file = bring_in(session, usual_pairs())
    comparison = share_queries.compare(session, file, Basis.KIND)
    found = share_queries.top_competitors(session, comparison, Level.PRACTICES, [cast.southgate.id])
    assert found == {cast.southgate.id: [("Riverbend Hospital", 60)]}


def test_several_providers_add_up(session: Session, cast: Cast) -> None:
    provider(session, "Ada", "Whitcomb", npi_of(710), cast.olentangy)
    file = bring_in(session, hop_file([(OKONJO, OURS, 80), (npi_of(710), OURS, 15), (npi_of(710), RIVAL, 5 + 11)]))
    assert cares(session, file) == {"Olentangy Family Medicine": Care(95, 16, 0)}


def test_files_never_add_up(session: Session) -> None:
    first = bring_in(session, usual_pairs())
    other = bring_in(session, hop_file([(OKONJO, OURS, 12)]), replaces=first.id)
    assert cares(session, other) == {"Olentangy Family Medicine": Care(12, 0, 0)}
    assert cares(session, first) == {}


def test_without_names_of_who_receives_nothing_breaks(session: Session) -> None:
    file = bring_in(session, usual_pairs())
    session.execute(delete(MarketDestination))
    assert share_queries.compare(session, file, None).kinds == ()
    assert cares(session, file)["Olentangy Family Medicine"] == Care(80, 20, 0)


def test_thresholds_are_as_usual_or_as_set(session: Session) -> None:
    assert share_queries.thresholds(session) == Thresholds(70, 10)
    services.change_thresholds(session, Thresholds(80, 25))
    assert share_queries.thresholds(session) == Thresholds(80, 25)
