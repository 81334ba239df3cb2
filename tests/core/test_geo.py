"""Distances and ZIP centroids."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.core.geo import Point, miles, zip_centroids, zip_point

points = st.builds(Point, st.floats(-90, 90), st.floats(-180, 180))


def test_known_distance() -> None:
    columbus, cleveland = Point(39.9612, -82.9988), Point(41.4993, -81.6944)
    assert miles(columbus, cleveland) == pytest.approx(126, abs=2)


@given(points, points)
def test_distance_is_a_distance(a: Point, b: Point) -> None:
    assert miles(a, b) == pytest.approx(miles(b, a), abs=1e-6)
    assert 0 <= miles(a, b) <= 12_451
    assert miles(a, a) == 0


def test_zip_codes_keep_their_zeros() -> None:
    boston, columbus = zip_point("02139"), zip_point("43215-1234")
    assert boston is not None
    assert columbus is not None
    assert boston.lat == pytest.approx(42.36, abs=0.05)
    assert columbus.lon == pytest.approx(-83.0, abs=0.05)
    assert zip_point("00000") is None
    assert zip_point(None) is None
    assert len(zip_centroids()) > 33_000
