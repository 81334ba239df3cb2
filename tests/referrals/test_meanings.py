"""Tests of what words mean in the files of one system: said once, known in later files, shown, forgotten; and that no
word of a patient stays for that."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_migrate import downgrade, upgrade
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text

from config import Config
from crm.accounts.services import set_up_organization
from crm.accounts.viewer import SYSTEM
from crm.app import create_app
from crm.core.db import db
from crm.referrals import correction_services, import_services, profile_services, unattended
from crm.referrals.correction_services import Said
from crm.referrals.importing import checking
from crm.referrals.importing.headers import Target
from crm.referrals.importing.meanings import lasts
from crm.referrals.models import ImportState, MappingProfile, ReferralImport
from crm.referrals.origin_models import Door
from tests.cast import Cast
from tests.pages import Answer, PageClient
from tests.referrals.files import csv_bytes, event
from tests.referrals.importing import bring_in, counts, rows, whole_database
from tests.referrals.test_correction_pages import field
from tests.referrals.test_corrections import alike
from tests.referrals.test_import_views import last_import, send

MIGRATIONS = str(Path(__file__).parents[2] / "migrations")
USUAL = {"Scheduled": 40, "Seen": 12}
OWN = {"Q1": 40, "Q2": 30}


@pytest.fixture
def maren(sign_in: Callable[..., PageClient], cast: Cast) -> PageClient:
    return sign_in(cast.maren)


def month(*statuses: str, start: int = 1) -> bytes:
    """A file of usual rows and some with other statuses."""
    usual = [event(start + n) for n in range(6)]
    return csv_bytes([*usual, *(event(start + 6 + n, Status=status) for n, status in enumerate(statuses))])


def say(client: PageClient, line: int, means: str, *, follow: bool = True) -> Answer:
    page = client.get(f"/referrals/imports/{last_import(db.session()).id}/lines/{line}/alike")
    return client.submit(page, {field(page, "Status becomes"): means}, follow=follow)


def profile() -> MappingProfile:
    return db.session.scalars(select(MappingProfile)).one()


def meanings() -> dict[str, dict[str, str]]:
    columns = profile().mapping["columns"]
    return {column["header"]: column["meanings"] for column in columns if "meanings" in column}


@pytest.mark.parametrize(
    ("word", "rows_of", "others", "is_kept"),
    [
        ("PEND-X", 2, USUAL, True), ("  Held by  payer ", 2, USUAL, True), ("7", 2, USUAL, True),
        ("Canceled, by us", 2, USUAL, True), ("Q3", 8, OWN, True),
        ("PEND-X", 1, USUAL, False), ("", 9, USUAL, False), ("?", 9, USUAL, False),
        ("Doe, Jane", 3, USUAL, False), ("Mrs. Quillfeather", 3, USUAL, False), ("MRN 00482915", 3, USUAL, False),
        ("218-44-1029", 3, USUAL, False), ("00482915", 3, USUAL, False), ("03/14/1961", 3, USUAL, False),
        ("jane@doe.example", 3, USUAL, False), ("(614) 555-0142", 3, USUAL, False),
        ("She said that she might call again", 3, USUAL, False), ("x" * 41, 3, USUAL, False),
        ("Jane Doe", 2, {"Ann Lee": 2, "Bo Ray": 2, "Cy Fox": 1}, False),
    ],
)  # fmt: skip
def test_a_word_of_a_status_lasts_unless_it_may_be_a_person(
    word: str, rows_of: int, others: dict[str, int], is_kept: bool
) -> None:
    assert lasts(Target.STATUS, word, "lost", {**others, word: rows_of}) is is_kept


@pytest.mark.parametrize(
    ("target", "word", "means", "is_kept"),
    [
        (Target.APPOINTMENT_ON, "00/00/0000", "", True), (Target.SEEN_ON, "9999-12-31 00:00", "", True),
        (Target.SEEN_ON, "02/30/1961", "", False), (Target.SEEN_ON, "02/30/61", "", False),
        (Target.SEEN_ON, "00/00/0000", "2026-03-02", False), (Target.RECEIVED_ON, "00/00/0000", "", False),
        (Target.PAID, "4,5,6", "", False), (Target.SOURCE_NAME, "Walk in", "self", False),
        (Target.STATUS, "PEND-X", "nonsense", False), (Target.STATUS, "PEND-X", "", True),
    ],
)  # fmt: skip
def test_of_other_columns_only_days_that_never_were_last(target: Target, word: str, means: str, is_kept: bool) -> None:
    assert lasts(target, word, means, {**USUAL, word: 5}) is is_kept


@given(st.text(max_size=50), st.dictionaries(st.text(max_size=8), st.integers(1, 9), max_size=9))
def test_what_stands_in_one_row_never_lasts(word: str, others: dict[str, int]) -> None:
    for target in Target:
        assert not lasts(target, word, "", {**others, word: 1})


def test_a_word_is_said_once_and_known_in_the_next_file(maren: PageClient, run_jobs: Callable[[], int]) -> None:
    send(maren, month("PEND-X", "PEND-X"), "epic.csv")
    check = say(maren, 8, "lost")
    assert "Remembered for the next file like this." in check.text
    maren.submit(check, action="/import")
    run_jobs()
    assert meanings() == {"Status": {"PEND-X": "lost"}}
    again = send(maren, month("pend-x", "Q9", start=20), "epic.csv")
    assert "Known from earlier files: “PEND-X” in Status is Lost. Change" in again.text
    assert "1 row in 1 group" in again.text
    check = say(maren, 9, "seen")
    assert "For this file only." in check.text, "the word stands in one row"
    maren.submit(check, action="/import")
    run_jobs()
    assert meanings() == {"Status": {"PEND-X": "lost"}}
    assert rows(db.session(), "status").count("lost") == 3
    assert "Status (1 word)" in maren.get("/referrals/profiles").text


def test_what_was_said_is_saved_with_the_profile_and_another_profile_does_not_know_it(maren: PageClient) -> None:
    send(maren, month("PEND-X", "PEND-X"), "epic.csv")
    say(maren, 8, "lost")
    number = last_import(db.session()).id
    maren.post(f"/referrals/imports/{number}/save-profile", {"name": "Epic"}, htmx=True)
    assert meanings() == {"Status": {"PEND-X": "lost"}}
    assert "Rows with a problem" not in send(maren, month("PEND-X", start=30), "epic.csv").text
    number = last_import(db.session()).id
    guessed = maren.post(f"/referrals/imports/{number}/profile", {"profile_id": ""}, htmx=True)
    assert "Status not known" in guessed.text
    known = maren.post(f"/referrals/imports/{number}/profile", {"profile_id": str(profile().id)}, htmx=True)
    assert "Status not known" not in known.text


def test_a_line_with_a_known_word_shows_its_meaning(maren: PageClient) -> None:
    bring_in(db.session(), month(), "epic.csv")
    change(profile(), {"PEND-X": "lost", "Q9": ""})
    lines = [event(8 + n, Status=word, Appt_Dt="02/30/2026") for n, word in enumerate(("PEND-X", "Q9"))]
    send(maren, csv_bytes([*(event(n) for n in range(1, 7)), *lines]), "epic.csv")
    number = last_import(db.session()).id
    for line, label in ((8, "Lost"), (9, "Not said")):
        page = maren.get(f"/referrals/imports/{number}/lines/{line}")
        status = page.soup.find(id=page.soup.find("label", string="Status")["for"])
        assert status.find("option").get_text() == label


def change(of: MappingProfile, said: dict[str, str]) -> None:
    columns = [{**c, "meanings": said} if c["header"] == "Status" else c for c in of.mapping["columns"]]
    of.mapping = {**of.mapping, "columns": columns}
    db.session.commit()


def test_the_page_of_a_profile_shows_changes_and_forgets_a_word(maren: PageClient) -> None:
    bring_in(db.session(), month(), "epic.csv")
    assert "What words mean" not in maren.get(f"/referrals/profiles/{profile().id}/edit").text
    change(profile(), {"PEND-X": "lost", "Q9": "seen"})
    page = maren.get(f"/referrals/profiles/{profile().id}/edit")
    assert "What words mean" in page.text
    first, second = (str(tag["name"]) for tag in page.soup.select("#meanings select"))
    wrong = maren.submit(page, {first: "declined", "name": ""}, action="/edit")
    assert wrong.status == 422
    assert wrong.soup.find(attrs={"name": first}).find("option", selected=True)["value"] == "declined"
    maren.submit(page, {first: "declined", second: "nonsense"}, action="/edit")
    assert meanings() == {"Status": {"PEND-X": "declined", "Q9": "seen"}}
    maren.submit(page, {first: "forget"}, action="/edit")
    assert meanings() == {"Status": {"Q9": "seen"}}
    number = next(place for place, column in enumerate(profile().mapping["columns"]) if column["header"] == "Status")
    maren.submit(page, {f"column-{number}": ""}, action="/edit")
    assert meanings() == {}, "no column of statuses, no meanings"
    send(maren, month("PEND-X"), "epic.csv")
    assert last_import(db.session()).mapping["check"]["refused"] == 0


def test_files_that_nobody_looks_at_know_it_too(app: Flask, tmp_path: Path) -> None:
    unattended.make_ready()
    bring_in(db.session(), month(), "epic.csv")
    change(profile(), {"PEND-X": "lost"})
    path = tmp_path / "epic.csv"
    path.write_bytes(month("PEND-X", "PEND-X", start=20))
    told = app.test_cli_runner().invoke(args=["referrals", "import", str(path), "--profile", "Epic", "--json"])
    found = json.loads(told.stdout.splitlines()[-1])
    assert (found["imported"], found["refused"]) == (8, 0)
    path.write_bytes(month("PEND-X", "OTHER-Y", start=40))
    told = app.test_cli_runner().invoke(args=["referrals", "import", str(path), "--json"])
    assert json.loads(told.stdout.splitlines()[-1])["refused"] == 1, "recognized by its columns"
    db.session.rollback()
    assert rows(db.session(), "status").count("lost") == 3
    batch = bring_in(db.session(), month("PEND-X", start=60), "epic.csv", door=Door.FOLDER)
    assert counts(batch)[4] == 0
    assert meanings() == {"Status": {"PEND-X": "lost"}}, "what nobody looks at changes no profile"


def test_of_a_patient_among_statuses_no_word_stays(cast: Cast, database: Any) -> None:
    session = database()
    lines = [event(n) for n in range(1, 7)] + [event(n, Status="Quillfeather, Jane") for n in (7, 8)]
    batch = import_services.take_in_file(session, SYSTEM, "epic.csv", csv_bytes(lines))
    session.commit()
    import_services.keep_summary(session, batch, checking.summarize(session, batch))
    said = [Said("to_x", "Quillfeather, Jane", "seen")]
    assert correction_services.correct_alike(session, SYSTEM, batch, alike(session, batch, 8), said) == 2
    profile_services.save_profile(session, batch, "Epic")
    import_services.give_up(session, batch)
    session.commit()
    assert "Quillfeather" not in whole_database(session)


def test_the_way_down_forgets_meanings_and_nothing_else(empty_database_url: str, tmp_path: Path) -> None:
    app = create_app(Config.for_tests(database_url=empty_database_url, data_dir=tmp_path))
    with app.app_context():
        upgrade(directory=MIGRATIONS)
        set_up_organization(db.session(), name="Harbor")
        db.session.commit()
        bring_in(db.session(), month(), "epic.csv")
        plain = profile().mapping
        change(profile(), {"PEND-X": "lost"})
        waiting = import_services.take_in_file(db.session(), SYSTEM, "epic.csv", month("PEND-X"))
        waiting.state = ImportState.WAITING
        db.session.commit()
        downgrade(directory=MIGRATIONS, revision="0011")
        stored = db.session.execute(text("SELECT mapping FROM referral_import")).scalars().all()
        assert "meanings" not in str(stored)
        db.session.rollback()
        upgrade(directory=MIGRATIONS)
        assert profile().mapping == plain
        assert db.session.get_one(ReferralImport, waiting.id).state is ImportState.WAITING
        db.session.remove()
        db.engine.dispose()
