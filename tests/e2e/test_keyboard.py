"""With the keyboard alone: what opens closes with Escape and gives the focus back; what has the focus can be seen."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.watching import Watch, settle

# Whether the thing with the focus lies in the window and nothing that floats covers its middle.
IS_SEEN = """() => {
  const thing = document.activeElement, box = thing.getBoundingClientRect();
  const top = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
  return top !== null && (thing.contains(top) || [...(thing.labels || [])].some((label) => label.contains(top)));
}"""


@pytest.mark.parametrize(
    ("size", "path", "name", "floats"),
    [
        ("desk", "/directory/practices", "Filter", ".dropdown-menu.show"),
        ("desk", "/tasks", "Add", ".dropdown-menu.show"),
        ("phone", "/tasks", "More", ".offcanvas.show"),
    ],
)
def test_escape_closes_and_gives_the_focus_back(
    sign_in_as: Callable[..., Watch], size: str, path: str, name: str, floats: str
) -> None:
    page = sign_in_as("liaison", size).page
    page.goto(path)
    opener = page.get_by_role("button", name=name, exact=True).last
    opener.focus()
    page.keyboard.press("Enter")
    expect(page.locator(floats)).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(page.locator(floats)).to_have_count(0)
    expect(opener).to_be_focused()


def test_search_on_a_phone_closes_with_escape(sign_in_as: Callable[..., Watch]) -> None:
    page = sign_in_as("liaison", "phone").page
    page.goto("/tasks")
    opener = page.get_by_role("button", name="Search", exact=True)
    opener.press("Enter")
    expect(page.get_by_role("combobox", name="Search")).to_be_focused()
    page.keyboard.press("Escape")
    expect(opener).to_be_focused()


def test_no_bar_covers_what_has_the_focus(sign_in_as: Callable[..., Watch]) -> None:
    page = sign_in_as("liaison", "phone").page
    page.goto("/visits/new?practice=2")
    settle(page)
    hidden = [stop for stop in stops(page, 30) if stop]
    assert hidden == []


def stops(page: Page, most: int) -> list[str]:
    """Press Tab through the form; gives the names of the fields that something covers."""
    page.evaluate("() => { document.documentElement.style.scrollBehavior = 'auto'; }")
    page.locator("main").focus()
    covered = []
    for _ in range(most):
        page.keyboard.press("Tab")
        page.wait_for_timeout(20)
        if not page.evaluate("() => document.activeElement.closest('main form') !== null"):
            continue
        covered.append("" if page.evaluate(IS_SEEN) else str(page.evaluate("() => document.activeElement.outerHTML")))
    return covered
