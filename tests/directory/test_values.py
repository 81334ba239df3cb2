"""Tests of what becomes of typed values before they are stored."""

from typing import Any

import pytest

from crm.core.errors import Invalid
from crm.directory.values import MAX_TAGS, check_point, read_record, read_tags


@pytest.mark.parametrize(
    ("name", "typed", "stored"),
    [
        ("npi", "1234 567 893", "1234567893"), ("npi", "", None), ("phone", "614 555 0142", "+16145550142"),
        ("zip", "430851234", "43085-1234"), ("zip", "43085", "43085"), ("zip", None, ""), ("state", "oh", "OH"),
        ("email", "Marisol@Olentangy.COM", "Marisol@olentangy.com"), ("website", "olentangy.com", "https://olentangy.com"),
        ("website", "HTTP://olentangy.com/x", "HTTP://olentangy.com/x"), ("taxonomy", "207q00000x", "207Q00000X"),
        ("city", None, ""), ("name", " Olentangy ", "Olentangy"), ("tier", None, None),
    ],
)  # fmt: skip
def test_read_record(name: str, typed: Any, stored: Any) -> None:
    assert read_record({name: typed}) == {name: stored}


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("npi", "1234567890"), ("phone", "911"), ("zip", "4308"), ("state", "Ohio"), ("state", "ZZ"),
        ("email", "marisol@"), ("website", "javascript:alert(1)"), ("website", "https://x"), ("website", "//[::1"),
        ("website", "https://a.b/\"><x"), ("taxonomy", "207Q"),
    ],
)  # fmt: skip
def test_read_record_names_what_is_wrong(name: str, typed: str) -> None:
    with pytest.raises(Invalid) as problem:
        read_record({name: typed, "city": "Columbus"})
    assert set(problem.value.fields) == {name}


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(Invalid) as problem:
        read_record({"npi": "1", "zip": "1", "phone": "1"})
    assert set(problem.value.fields) == {"npi", "zip", "phone"}


@pytest.mark.parametrize(
    ("lat", "lon", "field"),
    [(40.0, None, "longitude"), (None, -83.0, "latitude"), (91.0, 0.0, "latitude"), (0.0, 181.0, "longitude"),
     (float("nan"), 0.0, "latitude"), (float("inf"), 0.0, "latitude")],
)  # fmt: skip
def test_half_points_and_points_off_the_earth(lat: float | None, lon: float | None, field: str) -> None:
    with pytest.raises(Invalid) as problem:
        check_point(lat, lon)
    assert set(problem.value.fields) == {field}


def test_a_point_or_none_passes() -> None:
    check_point(None, None)
    check_point(-90, 180)


def test_read_tags() -> None:
    assert read_tags(" Imaging  champion, portal,,PORTAL ") == ["Imaging champion", "portal"]
    assert read_tags(None) == []


@pytest.mark.parametrize("text", ["x" * 41, ",".join(map(str, range(MAX_TAGS + 1)))])
def test_too_many_or_too_long_tags(text: str) -> None:
    with pytest.raises(Invalid):
        read_tags(text)
