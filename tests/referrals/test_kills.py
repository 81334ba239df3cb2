"""Kill tests: an import or a taking back whose process dies at any moment is whole or absent, and goes on by itself."""

import pytest
from flask import Flask

from crm.referrals.models import ImportState
from tests.cast import Cast
from tests.referrals.killing import cut_small, kill_jobs, kill_repairs

KILLS = 20
pytestmark = [pytest.mark.real_commits, pytest.mark.timeout(300)]


@pytest.mark.parametrize("state", [ImportState.RUNNING, ImportState.TAKING_BACK], ids=["import", "take back"])
def test_a_killed_job_leaves_an_import_whole_or_absent_and_goes_on(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch, state: ImportState
) -> None:
    cut_small(monkeypatch)
    kills = kill_jobs(app, monkeypatch, state, KILLS)
    assert kills.faults == []
    assert kills.count == KILLS
    assert kills.undone
    assert kills.done


def test_a_killed_repair_changes_no_row_and_can_be_begun_again(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    kills = kill_repairs(app, monkeypatch, KILLS)
    assert kills.faults == []
    assert kills.count == KILLS
