"""The watched folder from end to end: each file goes in once, or is put aside with one sentence; killed, it goes on."""

import json
import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from crm.core.db import db
from crm.referrals import import_services, profile_services, unattended, watching
from crm.referrals.importing.folder import Folder
from crm.referrals.models import ImportState, ImportUpload, Referral, ReferralImport
from crm.referrals.origin_models import Door, ImportOrigin
from crm.referrals.rollup import check_rollup
from crm.referrals.watching import Told, Watch
from tests.cast import Cast
from tests.referrals.files import HEADER, OKONJO, csv_bytes, event, events
from tests.referrals.killing import fork, soon, spare_the_disk

KILLS = 20


@pytest.fixture
def profile(cast: Cast, database: Any) -> str:
    """A profile that reads the columns of the invented extracts."""
    batch = import_services.take_in_file(database(), cast.viewer(cast.maren), "seed.csv", events(1))
    profile_services.save_profile(database(), batch, "Nightly")
    import_services.give_up(database(), batch)
    database().commit()
    return "Nightly"


def watch_of(folder: Path, profile: str = "Nightly") -> Watch:
    for name in ("done", "failed"):
        (folder / name).mkdir(exist_ok=True)
    return Watch(Folder(folder), profile, 64)


def look(watch: Watch) -> list[Told]:
    told: list[Told] = []
    for _ in range(2):
        watch.look(told.append, lambda: False)
    return told


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_file_goes_in_and_is_moved_away(profile: str, database: Any, tmp_path: Path) -> None:
    (tmp_path / "extract.csv").write_bytes(events(3))
    told = look(watch_of(tmp_path))
    assert [(one.file, one.outcome) for one in told] == [("extract.csv", "imported")]
    assert names(tmp_path) == ["done/extract.csv"]
    batch = database().scalars(select(ReferralImport).where(ReferralImport.state == ImportState.DONE)).one()
    assert batch.added_rows == 3
    assert database().get(ImportOrigin, batch.id).door is Door.FOLDER


def test_the_same_file_again_changes_nothing(profile: str, database: Any, tmp_path: Path) -> None:
    watch = watch_of(tmp_path)
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_bytes(events(3))
        told = look(watch)
    assert (told[0].outcome, "The same file was imported on" in told[0].says) == ("known", True)
    assert names(tmp_path) == ["done/a.csv", "done/b.csv"]
    assert database().scalar(select(func.count()).where(ReferralImport.state == ImportState.DONE)) == 1


def test_what_was_taken_back_may_come_again(profile: str, database: Any, tmp_path: Path) -> None:
    watch = watch_of(tmp_path)
    (tmp_path / "a.csv").write_bytes(events(3))
    look(watch)
    batch = database().scalars(select(ReferralImport).where(ReferralImport.state == ImportState.DONE)).one()
    from tests.referrals.importing import take_back

    take_back(database(), batch)
    (tmp_path / "a.csv").write_bytes(events(3))
    assert [one.outcome for one in look(watch)] == ["imported"]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"Referral Date\n\x00\x01binary", "binary data"),
        (b"%PDF-1.4", "This is a PDF. Export the report as CSV or XLSX instead."),
        (csv_bytes([event(1)[:-1]], HEADER[:-1]), "reads a column that is missing: “Payments”."),
        (csv_bytes([[OKONJO, "2026-03", "4"]], ("Ref NPI", "Month", "Count")), "The file holds monthly counts"),
        (csv_bytes([event(1, Referral_Date="soon")]), "None of its 1 row could be imported; see batch"),
    ],
)
def test_a_bad_file_is_put_aside_with_one_sentence(
    profile: str, database: Any, tmp_path: Path, data: bytes, says: str
) -> None:
    (tmp_path / "bad.csv").write_bytes(data)
    (tmp_path / "good.csv").write_bytes(events(2))
    told = {one.file: one for one in look(watch_of(tmp_path))}
    assert (told["bad.csv"].outcome, told["good.csv"].outcome) == ("failed", "imported")
    assert says in told["bad.csv"].says
    assert names(tmp_path) == ["done/good.csv", "failed/bad.csv", "failed/bad.csv.txt"]
    assert (tmp_path / "failed/bad.csv.txt").read_text() == f"{told['bad.csv'].says}\n"
    assert "soon" not in told["bad.csv"].says


def test_a_column_that_is_refused_for_patients_is_named_when_the_profile_reads_it(
    cast: Cast, database: Any, tmp_path: Path
) -> None:
    session = database()
    header = ("Referral Date", "Ref NPI", "Code")
    batch = import_services.take_in_file(
        session, cast.viewer(cast.maren), "s.csv", csv_bytes([["03/02/2026", OKONJO, "ORTHO"]], header)
    )
    choices = import_services.Choices({2: import_services.Target.SERVICE_LINE}, None, "", "", batch.grain)
    import_services.change_mapping(session, batch, choices)
    profile_services.save_profile(session, batch, "Nightly")
    session.commit()
    rows = [["03/02/2026", OKONJO, f"218-44-10{n}"] for n in range(20, 40)]
    (tmp_path / "a.csv").write_bytes(csv_bytes(rows, header))
    told = look(watch_of(tmp_path))
    assert "Refused for holding patient data or free text: “Code”." in told[0].says
    assert "218-44" not in told[0].says


def test_patient_columns_stay_out_and_the_rest_goes_in(profile: str, database: Any, tmp_path: Path) -> None:
    header = (*HEADER, "PT_NAME")
    (tmp_path / "a.csv").write_bytes(csv_bytes([[*event(n), "Quillfeather, Z"] for n in range(4)], header))
    assert [one.outcome for one in look(watch_of(tmp_path))] == ["imported"]
    assert database().scalar(select(func.count()).select_from(Referral)) == 4


def test_a_fault_of_ours_puts_the_file_aside_and_the_next_one_goes_in(
    profile: str, database: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = import_services.take_in_rows

    def fail(session: Any, viewer: Any, name: str, *rest: Any, **more: Any) -> Any:
        if name == "bad.csv":
            raise ValueError("Quillfeather")
        return real(session, viewer, name, *rest, **more)

    monkeypatch.setattr(unattended.import_services, "take_in_rows", fail)
    for name, count in (("bad.csv", 2), ("good.csv", 3)):
        (tmp_path / name).write_bytes(events(count))
    assert [one.outcome for one in look(watch_of(tmp_path))] == ["failed", "imported"]
    assert "because of a fault" in (tmp_path / "failed/bad.csv.txt").read_text()


def test_while_the_profile_is_away_files_wait_and_that_is_told_once(cast: Cast, database: Any, tmp_path: Path) -> None:
    watch = watch_of(tmp_path)
    (tmp_path / "a.csv").write_bytes(events(2))
    told = look(watch)
    watch.look(told.append, lambda: False)
    assert [one.outcome for one in told] == ["waits"]
    assert names(tmp_path) == ["a.csv"]


def test_it_stops_between_files(profile: str, database: Any, tmp_path: Path) -> None:
    watch = watch_of(tmp_path)
    for number in range(3):
        (tmp_path / f"{number}.csv").write_bytes(events(number + 1))
    told: list[Told] = []
    watch.look(told.append, lambda: False)
    watch.look(told.append, lambda: len(told) == 1)
    assert len(told) == 1
    assert len(list(tmp_path.glob("*.csv"))) == 2


def run(app: Flask, *arguments: str) -> Any:
    result = app.test_cli_runner().invoke(args=["referrals", *arguments])
    db.session.rollback()
    return result


def test_the_command_takes_what_is_there_and_ends(app: Flask, profile: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(events(2))
    result = run(app, "watch", str(tmp_path), "--profile", "nightly", "--once", "--every", "0.1", "--json")
    told = json.loads(result.stdout)
    assert (result.exit_code, told["file"], told["outcome"], told["imported"]) == (0, "a.csv", "imported", 2)
    (tmp_path / "b.csv").write_bytes(b"%PDF")
    result = run(app, "watch", str(tmp_path), "--profile", "Nightly", "--once", "--every", "0.1")
    assert (result.exit_code, "b.csv: failed. This is a PDF." in result.stdout) == (1, True)


def test_the_command_says_which_profiles_there_are(app: Flask, profile: str, tmp_path: Path) -> None:
    result = run(app, "watch", str(tmp_path), "--profile", "Weekly", "--once")
    assert (result.exit_code, "The profiles are: “Nightly”." in result.stderr) == (2, True)


def test_sigterm_ends_the_command(app: Flask, profile: str, tmp_path: Path) -> None:
    stop = watching.Stop()
    with stop:
        os.kill(os.getpid(), signal.SIGTERM)
        assert watching.run(watch_of(tmp_path), stop, every=60, is_once=False, tell=lambda _: None) == 0
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def put_files(folder: Path) -> None:
    """Three nights: the second corrects the first, the third holds a row that cannot go in."""
    first = [soon(n) for n in range(1, 60)]
    for night, rows in enumerate(
        (first, [soon(n, Status="Seen") for n in range(30, 60)], [soon(90), soon(91, Referral_Date="?")])
    ):
        path = folder / f"night-{night}.csv"
        path.write_bytes(csv_bytes(rows))
        at = time.time() - 100 + night
        os.utime(path, (at, at))


def rows_now() -> list[Any]:
    from tests.referrals.importing import rows

    return rows(db.session(), "source_id", "status", "received_on")


@pytest.mark.real_commits
@pytest.mark.timeout(280)
def test_killed_at_any_moment_each_file_goes_in_once(
    app: Flask, profile: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(folder: Path) -> Callable[[Flask], object]:
        return lambda _app: look(watch_of(folder))

    whole = tmp_path / "whole"
    whole.mkdir()
    put_files(whole)
    spare_the_disk()
    started = time.monotonic()
    os.waitpid(fork(app, work(whole)), 0)
    taken = time.monotonic() - started
    expected = rows_now()
    assert len(expected) == 60
    assert len(names(whole)) == 3

    dice, killed, rounds = random.Random(20_261_122), 0, 0
    while killed < KILLS:
        rounds += 1
        _forget_everything()
        folder = tmp_path / f"round-{rounds}"
        folder.mkdir()
        put_files(folder)
        while list(folder.glob("*.csv")):
            child = fork(app, work(folder))
            time.sleep(dice.uniform(0, taken * 1.2))
            os.kill(child, signal.SIGKILL)
            killed += bool(os.waitpid(child, 0)[1])
            assert len([name for name in names(folder) if name.endswith(".csv")]) == 3
            assert check_rollup(db.session()) == []
        assert [name for name in names(folder) if name.startswith("done/")] == [f"done/night-{n}.csv" for n in range(3)]
        assert rows_now() == expected
        states = db.session.scalars(
            select(ReferralImport.state).where(ReferralImport.state != ImportState.FAILED)
        ).all()
        assert states == [ImportState.DONE] * 3
        assert db.session.scalars(select(ImportUpload.import_id)).all() == []


def _forget_everything() -> None:
    """Take back what went in, the last first."""
    from tests.referrals.importing import take_back

    session = db.session()
    done = select(ReferralImport).where(ReferralImport.state == ImportState.DONE).order_by(ReferralImport.id.desc())
    for batch in session.scalars(done).all():
        take_back(session, batch)
    from sqlalchemy import delete

    session.execute(delete(ReferralImport).where(ReferralImport.state == ImportState.TAKEN_BACK))
    session.commit()
