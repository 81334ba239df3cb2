"""On a phone: a finger that lands a little beside the words of a link still presses it; lists can be sorted."""

from collections.abc import Callable

import pytest

from tests.e2e.watching import Watch, settle

# Whether the first such link is what lies 20 px above or below the middle of its words.
IS_PRESSED = """(selector) => {
  const link = document.querySelector(selector);
  const box = link.getBoundingClientRect(), x = box.left + box.width / 2, y = box.top + box.height / 2;
  return [-20, 20].every((off) => link.contains(document.elementFromPoint(x, y + off)));
}"""


@pytest.mark.parametrize(
    ("path", "selectors"),
    [
        ("/directory/practices/2", [".timeline-head a", ".person-name a", ".person-days > a", ".back-link"]),
        ("/today", [".top-left .brand", ".today-head a", ".tick-list .route-main > a"]),
        ("/search?q=medicine", [".row-list-main > a"]),
    ],
)
def test_links_are_as_high_as_a_finger(sign_in_as: Callable[..., Watch], path: str, selectors: list[str]) -> None:
    page = sign_in_as("liaison", "phone").page
    page.set_viewport_size({"width": 390, "height": 5000})  # all of it is in view
    page.goto(path)
    settle(page)
    assert [selector for selector in selectors if not page.evaluate(IS_PRESSED, selector)] == []


def test_a_list_is_sorted_with_a_finger(sign_in_as: Callable[..., Watch]) -> None:
    page = sign_in_as("manager", "phone").page
    page.goto("/directory/practices")
    settle(page)
    heads = page.locator("#sort")
    assert heads.bounding_box()["height"] <= 1  # type: ignore[index]
    page.locator(".btn-sort").tap()
    heads.get_by_role("link", name="Tier").tap()
    settle(page)
    assert "sort=tier" in page.url
    assert "A" in page.locator("tbody tr").first.inner_text()
