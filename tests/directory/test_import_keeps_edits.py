"""An import renews what the last import wrote, and never what a person typed."""

from typing import Any

import pytest

from crm.directory.importing.counts import Outcome
from crm.directory.importing.drafts import Draft, name_by_people
from crm.directory.models import Provider
from tests.cast import Cast
from tests.directory.bringing_in import bring_in, practices, snapshot, the_provider
from tests.directory.cms_files import clinician, dac_40, dac_row, npi_of, nppes_330, organization

ADA, CLINIC = npi_of(41), npi_of(91)


@pytest.mark.parametrize(
    ("stored", "wrote", "given", "becomes"),
    [
        ("", None, "new", "new"),  # nothing stands there
        (None, None, "new", "new"),
        ("typed", None, "new", "typed"),  # somebody typed it
        ("old", "old", "new", "new"),  # the last import wrote it
        ("edited", "old", "new", "edited"),  # somebody changed it since
        ("", "old", "new", ""),  # somebody cleared it
        ("old", "old", "", "old"),  # the file says nothing
        ("same", None, "same", "same"),
    ],
)
def test_the_rule(stored: str | None, wrote: str | None, given: str, becomes: str | None) -> None:
    draft = Draft(1, {"city": stored}, {"nppes": {"city": wrote}} if wrote else None)
    outcome = draft.take("nppes", {"city": given})
    assert draft.values["city"] == becomes
    assert outcome is (Outcome.UPDATED if becomes != stored else Outcome.UNCHANGED)


def test_an_address_is_renewed_whole_or_not_at_all() -> None:
    old = {"address1": "1 Old St", "city": "Dublin"}
    new = {"address1": "2 New St", "city": "Powell"}
    draft = Draft(1, dict(old), {"nppes": dict(old)})
    assert draft.take_together("nppes", new, tuple(new)) is Outcome.UPDATED
    assert draft.values == new
    draft = Draft(1, old | {"city": "Typed"}, {"nppes": dict(old)})
    assert draft.take_together("nppes", new, tuple(new)) is Outcome.UNCHANGED
    assert draft.values == old | {"city": "Typed"}


def test_edits_of_a_provider_survive_and_other_fields_are_renewed(database: Any) -> None:
    bring_in(database, nppes_330([clinician(ADA, credentials="MD")]))
    ada = the_provider(database, ADA)
    ada.last_name, ada.specialty = "Whitcomb-Hale", ""
    database.commit()
    renewed = clinician(ADA, "WHITCOMB", "ADA", credentials="M.D., PH.D.", code="207R00000X", middle="B")
    counts = bring_in(database, nppes_330([renewed]))
    assert (counts.updated, ada.last_name, ada.specialty) == (1, "Whitcomb-Hale", "")
    assert (ada.credentials, ada.taxonomy, ada.middle_name) == ("MD, PhD", "207R00000X", "B")
    assert ada.version == 3, "one edit, one import: an open form notices"
    before = snapshot(database)
    assert bring_in(database, nppes_330([renewed])).unchanged == 1
    assert snapshot(database) == before


def test_edits_of_a_practice_survive(database: Any) -> None:
    bring_in(database, nppes_330([organization(CLINIC, "RIVERBEND CLINIC", phone="6145550142")]))
    [place] = practices(database)
    place.name, place.phone, place.city = "Riverbend, main office", "+16145550199", "Powell"
    place.latitude, place.longitude, place.is_placed_by_zip = 40.1, -83.1, False
    database.commit()
    counts = bring_in(
        database, nppes_330([organization(CLINIC, "RIVERBEND MEDICAL", phone="6145550143", fax="6145550144")])
    )
    assert (counts.updated, place.name, place.phone, place.fax) == (
        1, "Riverbend, main office", "+16145550199", "+16145550144",
    )  # fmt: skip
    bring_in(database, nppes_330([organization(CLINIC, "RIVERBEND MEDICAL", line1="1 OTHER ST", zip="432150000")]))
    assert (place.address1, place.city, place.zip) == ("7420 Riverbend Parkway", "Powell", "43085-1234")
    assert (place.latitude, place.is_placed_by_zip) == (40.1, False)


def test_a_practice_that_moves_takes_its_point_and_key_along(database: Any) -> None:
    bring_in(database, nppes_330([organization(CLINIC, "RIVERBEND CLINIC")]))
    [place] = practices(database)
    before = place.point
    counts = bring_in(
        database, nppes_330([organization(CLINIC, "RIVERBEND CLINIC", line1="1 GAY ST", city="COLUMBUS", zip="43215")])
    )
    assert counts.updated == 1
    assert (place.address_line, place.source_key) == ("1 Gay St, Columbus, OH 43215", "43215 1 gay st")
    assert place.point is not None
    assert place.point != before


def test_a_name_made_of_people_is_kept_once_somebody_has_changed_it(database: Any) -> None:
    bring_in(database, nppes_330([clinician(ADA)]))
    [place] = practices(database)
    place.name = "Whitcomb Family Medicine"
    database.commit()
    bring_in(database, nppes_330([clinician(npi_of(42), "OKAFOR", "BEN")]))
    assert place.name == "Whitcomb Family Medicine"


def test_who_was_typed_with_an_npi_is_only_completed(database: Any, cast: Cast) -> None:
    typed = Provider(last_name="Whitcombe", first_name="Adah", npi=ADA)
    database.add(typed)
    database.commit()
    counts = bring_in(database, dac_40([dac_row(ADA)]))
    assert (counts.providers_added, typed.name, typed.specialty) == (0, "Adah Whitcombe, MD", "Family medicine")
    assert typed.source == ""


def test_an_end_of_work_that_somebody_noted_stays(database: Any) -> None:
    bring_in(database, dac_40([dac_row(ADA)]))
    [work] = the_provider(database, ADA).affiliations
    work.ends_on = work.created_at.date()
    database.commit()
    assert bring_in(database, dac_40([dac_row(ADA)])).unchanged == 1
    assert len(the_provider(database, ADA).affiliations) == 1


def test_names_by_people() -> None:
    people = [["Ada", "Whitcomb"], ["Ben", "Okafor"], ["Cam", "Lund"]]
    assert name_by_people(people[:1], "1 Main St") == "Ada Whitcomb, 1 Main St"
    assert name_by_people(people[:2], "1 Main St") == "Whitcomb and Okafor, 1 Main St"
    assert name_by_people(people, "1 Main St") == "Whitcomb, Okafor and others, 1 Main St"
    assert name_by_people([["", "Whitcomb"]], "") == "Whitcomb"
    assert len(name_by_people([["A" * 60, "B" * 60]], "C" * 200)) == 200
