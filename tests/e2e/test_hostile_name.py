"""A name that is a piece of HTML stays a name, also where scripts write it: lists, search, map, chart."""

from collections.abc import Callable
from datetime import date, timedelta

from playwright.sync_api import Page, expect

from tests.e2e.watching import Watch, settle

NAME = 'Zzz"><img src=x onerror="document.title=1"><b>Quill'
SAID = "Quill"


def assert_inert(page: Page) -> None:
    """Nothing of the name became an element."""
    settle(page)
    assert page.locator("img[src='x'], [onerror]").count() == 0
    assert page.title() != "1"


def test_a_hostile_name_stays_a_name(sign_in_as: Callable[..., Watch]) -> None:
    watch = sign_in_as("manager")
    page = watch.page
    page.goto("/directory/practices/new")
    page.get_by_label("Name", exact=True).fill(NAME)
    page.get_by_label("ZIP").fill("43085")
    page.get_by_role("main").get_by_role("button", name="practice").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(SAID)
    practice_id = page.url.rsplit("/", 1)[-1].split("?")[0]
    assert_inert(page)

    page.get_by_role("combobox", name="Search practices, people, visits").fill(SAID)
    expect(page.get_by_role("listbox", name="Found").get_by_text(SAID).first).to_be_visible()
    assert_inert(page)

    day = date.today() + timedelta(days=50)  # noqa: DTZ011 a day far enough ahead
    page.goto(f"/route-planning/{day.isoformat()}")
    page.get_by_role("combobox", name="Find a practice").fill(SAID)
    page.get_by_role("option", name=SAID).click()
    page.get_by_role("main").locator(".plan-find").get_by_role("button", name="Add").click()
    expect(page.locator(".plan-stop")).to_have_count(1)
    page.locator("#plan-map").get_by_role("button", name=SAID).click()
    assert_inert(page)

    page.goto(f"/referrals/new?source={practice_id}")
    page.get_by_role("main").get_by_role("button", name="Save").click()
    for path in (
        "/directory/practices?q=Quill",
        "/analytics/sources",
        "/overview",
        f"/directory/practices/{practice_id}",
    ):
        page.goto(path)
        assert_inert(page)
