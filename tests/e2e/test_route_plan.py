"""A liaison plans a day in a real browser: choose stops, see them in order on a map, save them as visits."""

from collections.abc import Callable
from datetime import date, timedelta

from playwright.sync_api import expect

from tests.e2e.watching import Watch

STOPS = 3


def test_plan_of_a_day(sign_in_as: Callable[..., Watch], size: str) -> None:
    watch = sign_in_as("liaison", size)
    page = watch.page
    # A day beyond what the demo plans, another for each size.
    day = date.today() + timedelta(days=40 if size == "desk" else 41)  # noqa: DTZ011 a day far enough ahead
    page.goto(f"/route-planning/{day.isoformat()}")
    watch.look()
    for number in range(1, STOPS + 1):
        page.locator(".plan-due").get_by_role("button", name="Add").first.click()
        expect(page.locator(".plan-stop")).to_have_count(number)
    watch.look()

    names = page.locator(".plan-route .row-name").all_inner_texts()
    assert len(set(names)) == STOPS
    for number, name in enumerate(names, 1):
        expect(page.locator("#plan-map").get_by_role("button", name=f"{number}. {name}")).to_be_visible()
    expect(page.locator("#plan-map path.leg").first).to_be_attached()
    expect(page.locator("#plan-map")).to_contain_text("-mile squares")  # no streets are drawn without a tile server

    first = page.locator(".plan-stop").first
    first.get_by_role("button", name="More").click()
    first.get_by_role("button", name="Move to the end").click()
    expect(page.locator(".plan-route .row-name").last).to_have_text(names[0])
    page.get_by_role("button", name="Order for me").click()
    expect(page.get_by_text("Ordered by travel time", exact=True)).to_be_visible()
    assert set(page.locator(".plan-route .row-name").all_inner_texts()) == set(names)

    page.get_by_role("button", name="Save as visits").click()
    expect(page.get_by_text("all planned as visits")).to_be_visible()
    watch.look()
    page.goto(f"/visits/calendar?view=week&day={day.isoformat()}")
    for name in names:
        expect(page.get_by_role("main")).to_contain_text(name)
    watch.look()
