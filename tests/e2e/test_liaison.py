"""A liaison's main job in a real browser: plan a visit, log it, undo it, tick off what follows; without a mouse too."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import sign_in
from tests.e2e.live import PEOPLE, Live
from tests.e2e.watching import Watch

OBJECTIVE = "Offer the new scheduling line"
NOTE = "They like the line and want a card with its number."


def practice_link(page: Page, number: int) -> str:
    """The address of one of the practices of the liaison's list, for a test that needs one of its own."""
    page.goto("/directory/practices?sort=name")
    return str(page.locator("a.row-name").nth(number).get_attribute("href"))


def plan_visit(watch: Watch, number: int) -> str:
    """Plan a visit for tomorrow from the page of a practice; returns the name of the practice."""
    page = watch.page
    page.goto(practice_link(page, number))
    watch.look()
    name = page.locator("h1").inner_text()
    practice_id = page.url.rsplit("/", 1)[-1]
    page.goto(f"/visits/plan?practice={practice_id}")
    watch.look()
    page.get_by_label("Objective").fill(OBJECTIVE)
    group(page, "How").get_by_text("In person").click()
    page.get_by_role("button", name="Plan visit").click()
    expect(page.get_by_text("Visit planned for")).to_be_visible()
    watch.look()
    return name


def group(page: Page, name: str) -> Locator:
    """The choices under a label."""
    return page.get_by_role("group", name=name)


def test_plan_log_and_follow_up(sign_in_as: Callable[..., Watch], size: str) -> None:
    watch = sign_in_as("liaison", size)
    page = watch.page
    watch.look()  # Today
    name = plan_visit(watch, 0 if size == "desk" else 1)

    page.get_by_role("link", name="Log this visit").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    expect(page.get_by_label("Objective")).to_have_value(OBJECTIVE)
    watch.look()
    group(page, "People met").locator("label").first.click()
    met = group(page, "People met").locator("label").first.inner_text().strip()
    group(page, "Outcome").locator("label").first.click()
    group(page, "Topics").locator("label").first.click()
    group(page, "Follow-up").locator("label").first.click()
    follow_up = group(page, "Follow-up").locator("label b").first.inner_text()
    page.get_by_label("Note").fill(NOTE)
    page.get_by_role("button", name="Save visit").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Visit saved")
    receipt = page.get_by_role("main")
    for words in (name, met, OBJECTIVE, follow_up):
        expect(receipt).to_contain_text(words)
    watch.look()

    page.goto("/tasks")
    watch.look()
    row = page.locator("li.task-row", has_text=follow_up).filter(has_text=name)
    expect(row).to_have_count(1)
    row.get_by_role("button", name=f"Mark as done: {follow_up}").click()
    expect(page.get_by_role("button", name=f"Open again: {follow_up}").first).to_be_visible()


def test_undo_takes_the_visit_back(sign_in_as: Callable[..., Watch], size: str) -> None:
    watch = sign_in_as("liaison", size)
    page = watch.page
    name = plan_visit(watch, 2 if size == "desk" else 3)
    visit_url = page.url
    page.get_by_role("link", name="Log this visit").click()
    group(page, "Outcome").locator("label").first.click()
    page.get_by_label("Note").fill(NOTE)
    group(page, "Follow-up").locator("label").first.click()
    page.get_by_role("button", name="Save visit").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Visit saved")

    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Visit taken back")).to_be_visible()
    page.goto(visit_url)
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    expect(page.locator("li.task-row")).to_have_count(0)
    page.get_by_role("link", name="Log this visit").click()
    expect(page.get_by_label("Objective")).to_have_value(OBJECTIVE)


def test_draft_survives_a_reload(sign_in_as: Callable[..., Watch], size: str) -> None:
    watch = sign_in_as("liaison", size)
    page = watch.page
    practice_id = practice_link(page, 4).rsplit("/", 1)[-1]
    page.goto(f"/visits/new?practice={practice_id}&separate=1")
    page.get_by_label("Note").fill(NOTE)
    group(page, "Outcome").locator("label").first.click()
    page.wait_for_function("() => Object.keys(localStorage).some((key) => key.startsWith('rounds-draft:'))")

    page.reload()
    expect(page.get_by_label("Note")).to_have_value(NOTE)
    expect(group(page, "Outcome").get_by_role("radio").first).to_be_checked()
    expect(page.get_by_text("is back.")).to_be_visible()
    watch.look()
    page.get_by_role("button", name="Discard").click()
    expect(page.get_by_label("Note")).to_have_value("")


def test_what_was_typed_outlives_the_end_of_a_session(sign_in_as: Callable[..., Watch], live_server: Live) -> None:
    watch = sign_in_as("liaison", "phone")
    page = watch.page
    practice_id = practice_link(page, 6).rsplit("/", 1)[-1]
    page.goto(f"/visits/new?practice={practice_id}&separate=1")
    page.get_by_label("Note").fill(NOTE)
    page.context.clear_cookies()
    page.get_by_role("button", name="Save visit").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    sign_in(page, PEOPLE["liaison"], live_server.password_of(PEOPLE["liaison"]))
    expect(page.get_by_label("Note")).to_have_value(NOTE)
    expect(page.get_by_text("is back.")).to_be_visible()
    page.get_by_role("button", name="Save visit").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Visit saved")
    page.goto(f"/visits/new?practice={practice_id}&separate=1")
    expect(page.get_by_label("Note")).to_have_value("")


def test_what_was_typed_outlives_a_lost_connection(sign_in_as: Callable[..., Watch]) -> None:
    watch = sign_in_as("liaison", "phone")
    watch.expected = ["ERR_"]
    page = watch.page
    address = f"/visits/new?practice={practice_link(page, 7).rsplit('/', 1)[-1]}&separate=1"
    page.goto(address)
    page.get_by_label("Note").fill(NOTE)
    page.context.set_offline(True)
    page.get_by_role("button", name="Save visit").click()
    page.wait_for_url("chrome-error://**")
    page.context.set_offline(False)

    page.goto("/today")
    page.goto(address)
    expect(page.get_by_label("Note")).to_have_value(NOTE)
    page.get_by_role("button", name="Discard").click()


def test_a_visit_is_logged_without_a_mouse(sign_in_as: Callable[..., Watch]) -> None:
    watch = sign_in_as("liaison")
    page = watch.page
    practice_id = practice_link(page, 5).rsplit("/", 1)[-1]
    page.goto(f"/visits/new?practice={practice_id}&separate=1")

    tab_to(page, lambda: focused(page, "name") == "people")
    page.keyboard.press("Space")
    tab_to(page, lambda: focused(page, "name") == "objective")
    page.keyboard.type(OBJECTIVE)
    tab_to(page, lambda: focused(page, "name") == "outcome")
    page.keyboard.press("Space")
    tab_to(page, lambda: focused(page, "name") == "note")
    page.keyboard.type(NOTE)
    tab_to(page, lambda: page.evaluate("() => document.activeElement.textContent.trim()") == "Save visit")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text("Visit saved")
    expect(page.get_by_role("main")).to_contain_text(OBJECTIVE)


def tab_to(page: Page, is_there: Callable[[], bool]) -> None:
    """Press Tab until something is reached, as somebody without a mouse would; each stop must show its focus."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if is_there():
            assert page.evaluate(SHOWS_FOCUS), "the focus cannot be seen"
            return
    pytest.fail("cannot be reached with Tab")


def focused(page: Page, attribute: str) -> str:
    return str(page.evaluate("(name) => document.activeElement.getAttribute(name)", attribute))


# The ring may be drawn around the field itself or around the label beside it.
SHOWS_FOCUS = """() => [document.activeElement, document.activeElement.nextElementSibling].some((e) => {
  if (!e) return false;
  const style = getComputedStyle(e);
  return (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== "none";
})"""
