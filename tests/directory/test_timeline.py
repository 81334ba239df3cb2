"""Tests of the arrangement of a timeline."""

from datetime import date, timedelta

from crm.directory.timeline import SHOWN, Entry, arrange, changed_words, read_kind

DAY = date(2026, 11, 20)


def entry(days: int, kind: str = "visits", *, is_ahead: bool = False, at: float = 0, title: str = "") -> Entry:
    return Entry(kind=kind, on=DAY + timedelta(days=days), icon="x", title=title or str(days), is_ahead=is_ahead, at=at)


def test_what_comes_stands_first_and_soonest_first() -> None:
    undated = Entry(kind="tasks", on=None, icon="x", title="some day", is_ahead=True)
    found = arrange([entry(-1), undated, entry(5, is_ahead=True), entry(2, is_ahead=True)])
    assert [group.label for group in found.groups] == ["Coming up", "November 2026"]
    assert [e.title for e in found.groups[0].entries] == ["2", "5", "some day"]


def test_the_past_stands_by_month_latest_first() -> None:
    found = arrange([entry(-40), entry(-1, at=9), entry(-1, at=14, title="later"), entry(-2)])
    assert [group.label for group in found.groups] == ["November 2026", "October 2026"]
    assert [e.title for e in found.groups[0].entries] == ["later", "-1", "-2"]


def test_one_kind_keeps_the_counts_of_all() -> None:
    found = arrange([entry(-1), entry(-2, "tasks"), entry(-3, "tasks")], kind="tasks")
    assert found.counts == {"visits": 1, "meetings": 0, "tasks": 2, "changes": 0}
    assert found.total == 3
    assert sum(len(group.entries) for group in found.groups) == 2


def test_older_ones_are_kept_back_until_asked_for() -> None:
    rows = [entry(-n) for n in range(SHOWN + 7)]
    assert arrange(rows).older == 7
    assert sum(len(group.entries) for group in arrange(rows).groups) == SHOWN
    assert arrange(rows, is_whole=True).older == 0


def test_nothing_is_nothing() -> None:
    assert arrange([]).groups == []


def test_changed_words() -> None:
    assert changed_words({"tier": 1}) == "tier"
    assert changed_words({"owner_id": 1, "latitude": 1, "longitude": 1}) == "owner and place on the map"
    assert changed_words(dict.fromkeys("abcdef", 1)) == "a, b, c and 3 more"
    assert changed_words({}) == ""


def test_read_kind() -> None:
    assert read_kind("tasks") == "tasks"
    assert read_kind("money") == read_kind(None) == ""
