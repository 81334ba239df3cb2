"""Paper: pages print without menus and buttons, and charts and lists are not cut off at its edge."""

from collections.abc import Callable

import pytest

from tests.e2e.watching import Watch, settle

LETTER = {"width": 725, "height": 965}  # what the margins leave
LEFT_OVER = """() => [...document.querySelectorAll("nav, .top, .btn, .form-actions, [data-bs-toggle]")]
  .filter((e) => e.checkVisibility({visibilityProperty: true})).map((e) => e.outerHTML.slice(0, 120))"""
CUT_OFF = """() => [...document.querySelectorAll("main td, main th, main .card, main svg.main-svg, main .map")]
  .filter((e) => e.checkVisibility() && e.getBoundingClientRect().right > innerWidth + 1)
  .map((e) => e.outerHTML.slice(0, 120))"""


@pytest.mark.parametrize(
    ("role", "path"), [("manager", "/overview"), ("liaison", "/directory/practices/2"), ("liaison", "/route-planning")]
)
def test_paper(sign_in_as: Callable[..., Watch], role: str, path: str) -> None:
    page = sign_in_as(role).page
    page.goto(path)
    settle(page)
    page.set_viewport_size(LETTER)  # type: ignore[arg-type]
    page.emulate_media(media="print")
    page.evaluate("() => window.dispatchEvent(new Event('beforeprint'))")

    assert page.evaluate(LEFT_OVER) == []
    assert page.evaluate(CUT_OFF) == []
    assert page.locator(".print-line").is_visible()
