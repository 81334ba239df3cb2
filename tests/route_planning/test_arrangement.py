"""Tests of a day that is put together: what is placed, in which order, what speaks against it, what more would cost."""

from datetime import time

from crm.core.geo import Point
from crm.route_planning.arrangement import Arrangement, Basics, Item, Place

HOME = Place("Home", Point(40.0, -83.0))
BASICS = Basics(time(8, 30), HOME, HOME)
NINE = 9 * 3600


def stop(number: int, **values: object) -> Item:
    usual = {"minutes": 20, "position": number, "typed_position": number, "point": Point(40 + number / 20, -83)}
    return Item("stop", number, f"Stop {number}", **{**usual, **values})  # type: ignore[arg-type]


def test_what_has_no_place_stands_apart() -> None:
    day = Arrangement(BASICS, [stop(1), stop(2, point=None)])
    assert [item.id for item in day.items] == [1]
    assert [item.id for item in day.not_placed] == [2]


def test_an_order_is_kept_and_what_is_not_in_it_is_put_where_it_costs_least() -> None:
    meeting = Item("meeting", 9, "Lunch", Point(40.075, -83), 60)
    day = Arrangement(BASICS, [stop(2, position=1), stop(1, position=2), meeting])
    order = [day.items[number - 1].title for number in day.stored_order()]
    assert [title for title in order if title != "Lunch"] == ["Stop 2", "Stop 1"]
    assert order.index("Lunch") == 1  # between the two, where it lies


def test_the_best_order_drives_no_longer_than_the_typed_one() -> None:
    day = Arrangement(BASICS, [stop(3, typed_position=1), stop(1, typed_position=2), stop(2, typed_position=3)])
    assert day.way(day.best_order()).driving < day.way(day.typed_order()).driving
    assert day.way(day.best_order()).miles < day.way(day.typed_order()).miles


def test_a_promised_time_holds_and_says_when_it_cannot_be_kept() -> None:
    early = Arrangement(BASICS, [stop(1, fixed=NINE)])
    (row,) = early.rows(early.stored_order(), weekday=0)
    assert (row.when, row.warnings) == ("9:00", ())
    late = Arrangement(BASICS, [stop(4, fixed=NINE - 1500)])
    (row,) = late.rows(late.stored_order(), weekday=0)
    assert row.warnings[0].endswith("min late")


def test_hours_and_meetings_without_a_place_are_warned_about() -> None:
    day = Arrangement(BASICS, [stop(1, hours={0: [(time(13), time(17))]})])
    (row,) = day.rows([1], weekday=0, blocks=[(NINE - 900, NINE)])
    assert row.warnings == ("Opens at 1:00", "Overlaps a meeting")
    assert day.rows([1], weekday=1)[0].warnings == ("Closed on this day",)


def test_a_movable_stop_is_told_as_a_range_of_whole_five_minutes() -> None:
    day = Arrangement(BASICS, [stop(1)])
    early, late = day.rows([1], weekday=0)[0].when.split("–")
    assert all(int(text.split(":")[1]) % 5 == 0 for text in (early, late))


def test_a_stop_on_the_way_costs_less_than_one_far_off() -> None:
    day = Arrangement(BASICS, [stop(2)])
    near = day.extra_seconds([1], Point(40.05, -83))
    far = day.extra_seconds([1], Point(40.05, -83.5))
    assert 0 <= near < 600 < far


def test_without_a_start_the_day_begins_and_ends_at_its_first_stop() -> None:
    day = Arrangement(Basics(time(8), None, None), [stop(1)])
    assert day.way([1]).driving == 0
    assert Arrangement(Basics(time(8), None, None), []).way([]).driving == 0
