"""The watched folder: which files are complete, and where they go; nothing is overwritten."""

import os
import time
from pathlib import Path

import pytest

from crm.core.errors import Conflict, Invalid
from crm.referrals.importing.folder import Folder


def put(folder: Path, name: str = "a.csv", text: str = "x") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def looked(folder: Folder) -> list[str]:
    return [path.name for path in folder.look()]


def test_a_file_is_complete_when_two_looks_find_it_the_same(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    put(tmp_path)
    assert looked(folder) == []
    assert looked(folder) == ["a.csv"]
    put(tmp_path, text="longer")
    assert looked(folder) == []
    assert looked(folder) == ["a.csv"]


def test_a_file_that_was_replaced_by_one_of_the_same_size_is_looked_at_again(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    put(tmp_path)
    folder.look()
    put(tmp_path, "b.csv").rename(tmp_path / "a.csv")
    assert looked(folder) == []


def test_the_oldest_comes_first(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    for age, name in ((10, "young.csv"), (30, "old.csv"), (20, "middle.csv")):
        at = time.time() - age
        os.utime(put(tmp_path, name), (at, at))
    folder.look()
    assert looked(folder) == ["old.csv", "middle.csv", "young.csv"]


@pytest.mark.parametrize("name", [".hidden.csv", "a.csv.part", "A.TMP", "a.csv~", "a.filepart", "a.crdownload"])
def test_what_is_not_finished_by_its_name_is_left_alone(tmp_path: Path, name: str) -> None:
    folder = Folder(tmp_path)
    put(tmp_path, name)
    folder.look()
    assert looked(folder) == []


def test_folders_and_links_are_left_alone(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    (tmp_path / "inner.csv").mkdir()
    (tmp_path / "link.csv").symlink_to(put(tmp_path, ".target"))
    folder.look()
    assert looked(folder) == []


def test_a_file_that_a_program_has_open_for_writing_waits_until_it_has_long_rested(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    path = put(tmp_path)
    with path.open("a"):
        folder.look()
        assert looked(folder) == []
        hour_ago = time.time() - 3600
        os.utime(path, (hour_ago, hour_ago))
        folder.look()
        assert looked(folder) == ["a.csv"]


def test_an_empty_file_waits_until_it_has_long_rested(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    path = put(tmp_path, text="")
    folder.look()
    assert looked(folder) == []
    hour_ago = time.time() - 3600
    os.utime(path, (hour_ago, hour_ago))
    folder.look()
    assert looked(folder) == ["a.csv"]


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    with folder.held():
        for number in range(3):
            folder.move_done(put(tmp_path, text=str(number)))
            folder.move_failed(put(tmp_path, text=str(number)), f"Why {number}.")
    assert {path.name: path.read_text() for path in (tmp_path / "done").iterdir()} == {
        "a.csv": "0", "a-2.csv": "1", "a-3.csv": "2",
    }  # fmt: skip
    assert {path.name: path.read_text() for path in (tmp_path / "failed").iterdir()} == {
        "a.csv": "0", "a-2.csv": "1", "a-3.csv": "2",
        "a.csv.txt": "Why 0.\n", "a-2.csv.txt": "Why 1.\n", "a-3.csv.txt": "Why 2.\n",
    }  # fmt: skip
    assert list(tmp_path.glob("*.csv")) == []


def test_a_folder_is_watched_by_one_program(tmp_path: Path) -> None:
    with Folder(tmp_path).held(), pytest.raises(Conflict), Folder(tmp_path).held():
        pass
    with Folder(tmp_path).held():
        pass


def test_a_folder_in_which_nothing_can_be_moved_is_told_at_once(tmp_path: Path) -> None:
    put(tmp_path, "done")  # a file where the folder should be
    with pytest.raises(Invalid, match="Files cannot be moved in this folder: file exists"), Folder(tmp_path).held():
        pass
    (tmp_path / "done").unlink()
    with Folder(tmp_path).held():
        pass
    assert sorted(path.name for path in tmp_path.iterdir()) == ["done", "failed"]
