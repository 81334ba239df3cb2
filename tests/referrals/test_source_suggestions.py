"""Tests of suggestions: which practices a source may be, in which order, and why."""

from dataclasses import dataclass
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from crm.referrals.importing.mapping import Sure
from crm.referrals.source_suggestions import Clinician, Known, Place, person_keys, suggest

PLACES = [
    Place(1, "Olentangy Family Medicine", "Worthington", "43085"),
    Place(2, "Olentangy Family Medicine, LLC", "Delaware", "43015-1111"),
    Place(3, "Southgate Internal Medicine", "Grove City", "43123"),
    Place(4, "Saint Brigid Clinic", "Columbus", "43215"),
    Place(5, "Lakeview Medicine Associates", "Columbus", "43215"),
]
OKONJO = "1730482910"


@dataclass
class Named:
    name: str = ""
    npi: str | None = None
    provider_name: str = ""
    city: str = ""
    zip: str = ""
    id: int = 7


def told(source: Named, known: Known | None = None) -> list[tuple[int, str]]:
    return [(found.practice_id, found.why) for found in suggest([source], known or Known(PLACES))[7]]


def test_the_place_decides_between_equal_names_and_doubts_stand_last() -> None:
    found = told(Named("OLENTANGY FAM MED", city="Delaware", zip="43015"))
    assert found == [
        (2, "Same name, same ZIP 43015."),
        (1, "Same name, but in Worthington; the file says Delaware."),
    ]
    assert [place for place, _ in told(Named("Olentangy Family Medicine", city="worthington"))] == [1, 2]


def test_how_sure_a_suggestion_is_depends_on_what_speaks_for_it_and_for_others() -> None:
    def sure(source: Named) -> list[Sure]:
        return [found.sure for found in suggest([source], Known(PLACES))[7]]

    assert sure(Named("Saint Brigid Clinic", zip="43215")) == [Sure.SURE]
    assert sure(Named("Saint Brigid Clinic")) == [Sure.LIKELY]
    assert sure(Named("Sothgate Intrnal Medicin")) == [Sure.CHECK]
    assert sure(Named("Olentangy Family Medicine", city="Delaware", zip="43015")) == [Sure.SURE, Sure.CHECK]
    twin = Place(9, "Saint Brigid Clinic", "Columbus", "43215")
    twins = suggest([Named("Saint Brigid Clinic", zip="43215")], Known([*PLACES, twin]))[7]
    assert [found.sure for found in twins] == [Sure.LIKELY, Sure.LIKELY], "two have this name there"


def test_short_words_other_order_and_typing_errors_are_seen_through() -> None:
    assert told(Named("St. Brigid Clin")) == [(4, "Same name.")]
    assert told(Named("Lakeview Med Assoc")) == [(5, "Same name.")]
    assert told(Named("Medicine Southgate Internal")) == [(3, "Same name.")]
    assert told(Named("Sothgate Internal Medicin")) == [(3, "Similar name.")]


def test_a_provider_speaks_for_where_they_work_before_where_they_worked() -> None:
    people = [
        Clinician(OKONJO, "okonjo nadia", "Nadia Okonjo, MD", 3, None),
        Clinician(OKONJO, "okonjo nadia", "Nadia Okonjo, MD", 4, date(2024, 3, 31)),
        Clinician(OKONJO, "okonjo nadia", "Nadia Okonjo, MD", 99, None),
    ]
    found = told(Named(npi=OKONJO), Known(PLACES, people))
    assert found == [(3, "Nadia Okonjo, MD works there."), (4, "Nadia Okonjo, MD worked there until 31 Mar 2024.")]
    assert told(Named(provider_name="OKONJO, NADIA A. MD"), Known(PLACES, people))[0] == found[0]
    assert told(Named(provider_name="Nadia Smith"), Known(PLACES, people)) == []


def test_what_was_chosen_for_a_name_is_offered_first_for_its_other_spellings() -> None:
    found = told(Named("Dr. Fenwick's Office", npi=OKONJO), Known(PLACES, chosen=[("DR FENWICKS OFFICE", 5)]))
    assert found == [(5, "Chosen before for this name.")]


def test_beside_a_good_answer_poor_ones_are_left_out() -> None:
    poor, source = Place(6, "Olentangy Sports Medicine", "Columbus", "43215"), Named("Olentangy Fam Med", zip="43085")
    assert [place for place, _ in told(source, Known([poor]))] == [6]
    assert [place for place, _ in told(source, Known([*PLACES, poor]))] == [1, 2]


def test_a_place_alone_and_a_strange_name_say_nothing() -> None:
    assert told(Named("Riverside Urgent Care", city="Columbus", zip="43215")) == []
    assert told(Named()) == []
    assert suggest([Named("x")], Known([])) == {7: []}
    assert suggest([], Known(PLACES)) == {}


def test_people_are_found_in_both_orders() -> None:
    for name in ("Okonjo, Nadia MD", "Nadia A. Okonjo", "Dr. Nadia Okonjo, M.D."):
        assert "okonjo nadia" in person_keys(name)
    assert person_keys("Okonjo") == person_keys("") == set()


@given(st.text(max_size=40), st.text(max_size=20), st.text(max_size=30))
def test_any_text_gives_the_same_answer_twice_and_at_most_three(name: str, city: str, provider_name: str) -> None:
    source = Named(name, city=city, provider_name=provider_name)
    found = told(source)
    assert found == told(source)
    assert found == told(source, Known(PLACES[::-1]))
    assert len(found) <= 3
    assert all(why.endswith(".") for _, why in found)
