"""Every link that somebody can see leads to a page that opens, without faults and barriers, at desk and phone width."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from tests.e2e.conftest import SIZES
from tests.e2e.crawl import Crawl, Found
from tests.e2e.live import PEOPLE, Live
from tests.e2e.watching import OVERFLOW, Watch


@pytest.fixture(scope="module")
def looked_at() -> dict[str, set[str]]:
    """What pages of each kind were made of when they were looked at; the same again for another role shows nothing."""
    return {}


@pytest.mark.timeout(400)
@pytest.mark.parametrize("role", ["manager", *(role for role in PEOPLE if role != "manager")])
def test_every_link_opens(
    live_server: Live, sign_in_as: Callable[..., Watch], looked_at: dict[str, set[str]], role: str
) -> None:
    watch = sign_in_as(role)
    faults, kinds = [], set()
    for found in Crawl(watch.page.request, live_server.address).walk():
        is_first = found.kind not in kinds
        kinds.add(found.kind)
        if found.status != 200:
            faults.append(f"{found.status} from {found.url}, linked from {found.linked_from}")
        elif found.is_page and is_first and is_new(found, looked_at):
            open_at_both_widths(watch, found.url)
    assert len(kinds) > 8
    assert not faults, "\n".join(faults)


def is_new(found: Found, looked_at: dict[str, set[str]]) -> bool:
    """Whether a page has any part that no page of its kind had before."""
    seen = looked_at.setdefault(found.kind, set())
    is_new = not found.marks <= seen
    seen |= found.marks
    return is_new


def open_at_both_widths(watch: Watch, url: str) -> None:
    """Look at a page as on a desk, then see that nothing of it sticks out on a phone."""
    watch.page.goto(url)
    watch.look(themes=("light",))
    watch.page.set_viewport_size(SIZES["phone"])
    # Charts and maps are drawn anew for the width, a moment later.
    with suppress(PlaywrightTimeout):
        watch.page.wait_for_function(f"() => !({OVERFLOW})()", timeout=5_000)
    if wide := watch.page.evaluate(OVERFLOW):
        watch.faults.append(f"{wide} at phone width on {url}")
    watch.page.set_viewport_size(SIZES["desk"])
