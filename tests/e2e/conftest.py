"""For the browser tests: one running server with the demo organization, one browser, and people who are signed in."""

from collections.abc import Callable, Iterator
from typing import Protocol

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from tests.browser import launch
from tests.databases import Databases
from tests.e2e.live import PEOPLE, Live, serving
from tests.e2e.watching import Watch, barriers

SIZES: dict[str, ViewportSize] = {"desk": {"width": 1440, "height": 900}, "phone": {"width": 390, "height": 844}}


@pytest.fixture(scope="session")
def live_server(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A server started as a person starts it the first time: migrated, with the demo organization and a worker."""
    with serving(tmp_path_factory.mktemp("live") / "data", databases.create()) as live:
        yield live


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for all tests; each test gets a fresh profile in it."""
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture(params=["desk", "phone"])
def size(request: pytest.FixtureRequest) -> str:
    """The test runs on a desk and on a phone."""
    return str(request.param)


class Open(Protocol):
    """Opens a page of a fresh profile and watches it."""

    def __call__(self, live: Live, size: str, *, state: object = None) -> Watch: ...


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Open]:
    """Make pages; at the end of the test each is closed, and the test fails with the faults that they showed."""
    watches: list[Watch] = []

    def open_one(live: Live, size: str, *, state: object = None) -> Watch:
        is_phone = size == "phone"
        context = browser.new_context(
            base_url=live.address,
            viewport=SIZES[size],
            is_mobile=is_phone,
            has_touch=is_phone,
            storage_state=state,  # type: ignore[arg-type]  # what an earlier context gave
            color_scheme="light",
        )
        watches.append(Watch(context.new_page()))
        return watches[-1]

    yield open_one
    for watch in watches:
        watch.page.context.close()
    for watch in watches:
        watch.check()


@pytest.fixture
def page(open_page: Open, live_server: Live) -> Page:
    """A page of somebody who is not signed in."""
    return open_page(live_server, "desk").page


@pytest.fixture
def sign_in_as(open_page: Open, live_server: Live) -> Callable[..., Watch]:
    """A page of somebody who is signed in by their role; each role types its password once in a run."""

    def enter(role: str, size: str = "desk") -> Watch:
        watch = open_page(live_server, size, state=live_server.states.get(role))
        watch.page.goto("/")
        if role not in live_server.states:
            sign_in(watch.page, PEOPLE[role], live_server.password_of(PEOPLE[role]))
            live_server.states[role] = watch.page.context.storage_state()
        return watch

    return enter


@pytest.fixture
def axe(page: Page) -> Callable[[], list[str]]:
    """Finds the accessibility faults of what the page shows now: one line for each, so an empty list is good."""
    return lambda: barriers(page)


def sign_in(page: Page, email: str, password: str) -> None:
    """Type who one is on the sign-in page."""
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/sign-in" not in url)
