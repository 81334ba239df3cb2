"""Tests of the order of a day: a permutation, never worse than typed, as good as brute force, promises kept in turn."""

from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from crm.route_planning.ordering import Day, best_order, cost, insert_all, keeps_promises_in_turn

NINE = 9 * 3600


@st.composite
def days(draw: st.DrawFn, most: int, least: int = 0) -> Day:
    size = draw(st.integers(least, most))
    at = [draw(st.tuples(st.integers(0, 60), st.integers(0, 60))) for _ in range(size + 2)]
    seconds = [[60 * (abs(a[0] - b[0]) + abs(a[1] - b[1])) for b in at] for a in at]
    minutes = {stop: draw(st.integers(5, 40)) for stop in range(1, size + 1)}
    promised = draw(st.dictionaries(st.integers(1, max(size, 1)), st.integers(8, 16), max_size=min(3, size)))
    return Day(seconds, 8 * 3600, minutes, {stop: hour * 3600 for stop, hour in promised.items()})


@settings(deadline=None, max_examples=150)
@given(days(most=14), st.randoms(use_true_random=False))
def test_every_stop_once_and_never_worse_than_typed(day: Day, chance) -> None:  # type: ignore[no-untyped-def]
    typed = list(day.stops)
    chance.shuffle(typed)
    order = best_order(day, typed)
    assert sorted(order) == list(day.stops)
    assert keeps_promises_in_turn(day, order)
    if keeps_promises_in_turn(day, typed):
        assert cost(day, order) <= cost(day, typed)
    if not day.fixed:
        assert cost(day, order).driving <= cost(day, typed).driving
    assert order == best_order(day, typed)


@settings(deadline=None, max_examples=60)
@given(days(most=7))
def test_up_to_nine_stops_nothing_is_better(day: Day) -> None:
    best = min(cost(day, order) for order in permutations(day.stops) if keeps_promises_in_turn(day, order))
    assert cost(day, best_order(day)) == best


@settings(deadline=None, max_examples=40)
@given(days(most=14, least=10))
def test_many_stops_are_ordered_so_that_no_exchange_of_two_neighbours_helps(day: Day) -> None:
    order = best_order(day)
    for at in range(len(order) - 1):
        other = [*order[:at], order[at + 1], order[at], *order[at + 2 :]]
        if keeps_promises_in_turn(day, other):
            assert cost(day, order) <= cost(day, other)


def test_a_promise_is_kept_even_where_that_means_more_driving() -> None:
    line = [0, 10, 20, 0]  # a street: start, a near stop, a far stop, end
    seconds = [[60 * abs(a - b) for b in line] for a in line]
    promised_far_first = Day(seconds, NINE, {1: 30, 2: 30}, {2: NINE + 20 * 60})
    assert best_order(promised_far_first) == [2, 1]
    assert cost(promised_far_first, [2, 1]).late == 0
    assert cost(promised_far_first, [1, 2]).late == 30 * 60


def test_a_long_wait_is_filled_where_that_costs_little_driving() -> None:
    line = [0, 10, 14, 0]
    day = Day([[60 * abs(a - b) for b in line] for a in line], NINE, {1: 30, 2: 30}, {1: NINE + 7200})
    assert best_order(day) == [2, 1]  # home at half past eleven and not after noon
    assert cost(day, [2, 1]).driving == cost(day, [1, 2]).driving
    far = [0, 10, 100, 0]
    apart = Day([[60 * abs(a - b) for b in far] for a in far], NINE, {1: 30, 2: 30}, {1: NINE + 1200})
    assert best_order(apart) == [1, 2]


def test_promises_that_cannot_all_be_kept_still_give_an_order() -> None:
    seconds = [[0, 3600, 3600, 0], [3600, 0, 3600, 3600], [3600, 3600, 0, 3600], [0, 3600, 3600, 0]]
    day = Day(seconds, NINE, {1: 60, 2: 60}, {1: NINE, 2: NINE})
    assert sorted(best_order(day)) == [1, 2]


def test_a_new_stop_is_put_where_it_costs_least_and_the_rest_keep_their_turn() -> None:
    line = [0, 10, 30, 20, 40]  # a street, driven from one end to the other
    day = Day([[60 * abs(a - b) for b in line] for a in line], NINE, {1: 10, 2: 10, 3: 10})
    assert insert_all(day, [1, 2], [3]) == [1, 3, 2]
    assert [stop for stop in insert_all(day, [2, 1], [3]) if stop != 3] == [2, 1]
    early = Day(day.seconds, NINE, day.minutes, {3: NINE + 20 * 60})
    assert insert_all(early, [1, 2], [3]) == [3, 1, 2]


def test_an_empty_day_is_no_trouble() -> None:
    assert best_order(Day([[0, 5], [5, 0]], NINE, {})) == []
    assert cost(Day([[0, 5], [5, 0]], NINE, {}), []).driving == 5
