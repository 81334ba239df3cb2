"""The first page that a visitor sees, in a real browser: it opens, without faults and barriers."""

from collections.abc import Callable

from playwright.sync_api import Page


def test_first_page_opens_without_faults(page: Page, axe: Callable[[], list[str]]) -> None:
    answer = page.goto("/")

    assert answer is not None
    assert answer.status == 200
    assert page.locator("h1").count() == 1
    assert axe() == []
