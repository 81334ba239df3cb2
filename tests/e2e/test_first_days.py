"""The first days in a real browser: a colleague is added; an empty installation leads through what to do."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.databases import Databases
from tests.e2e.conftest import Open, sign_in
from tests.e2e.live import Live, command, environment, serving
from tests.e2e.watching import Watch

OWN_PASSWORD = "seven umbrellas by the lake"
ADMIN = "nora@clearwater.example"


def detail(page: Page, name: str) -> str:
    """A value of a list of details."""
    return page.locator("dt", has_text=name).locator("xpath=following-sibling::dd[1]").inner_text().strip()


def test_a_new_colleague_chooses_a_password(
    sign_in_as: Callable[..., Watch], open_page: Open, live_server: Live, size: str
) -> None:
    watch = sign_in_as("admin", size)
    page, email = watch.page, f"lena-{size}@harborspecialty.example"
    watch.look()
    page.goto("/admin/users/new")
    watch.look()
    page.get_by_label("Name").fill("Lena Marsh")
    page.get_by_label("Work email").fill(email)
    page.get_by_role("main").get_by_label("Liaison").check()
    page.get_by_role("button", name="Add colleague").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Lena Marsh was added")
    watch.look()
    temporary = detail(page, "Temporary password")

    fresh = open_page(live_server, size)
    fresh.page.goto("/sign-in")
    sign_in(fresh.page, email, temporary)
    fresh.page.goto("/visits")
    expect(fresh.page.get_by_role("heading", level=1)).to_have_text("Choose your password")
    fresh.look()
    fresh.page.get_by_label("Current password").fill(temporary)
    fresh.page.get_by_label("New password").fill(OWN_PASSWORD)
    fresh.page.get_by_role("button", name="Change password").click()
    fresh.page.goto("/visits")
    expect(fresh.page.get_by_role("heading", level=1)).to_have_text("Visits")
    fresh.look()


@pytest.fixture(scope="module")
def empty_server(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """An installation without the demo: an administrator made by the command, and nothing else."""
    folder, url = tmp_path_factory.mktemp("empty") / "data", databases.create()
    words = ["--email", ADMIN, "--name", "Nora Clearwater", "--organization", "Clearwater Imaging"]
    command(environment(folder, url), "users", "create-admin", *words, "--password", OWN_PASSWORD)
    with serving(folder, url, "--no-demo") as live:
        yield live


def test_an_empty_installation_leads_through_first_steps(empty_server: Live, open_page: Open, size: str) -> None:
    watch = open_page(empty_server, size)
    page = watch.page
    page.goto("/")
    watch.look()
    sign_in(page, ADMIN, OWN_PASSWORD)
    expect(page.get_by_role("heading", level=1)).to_have_text("First steps")
    watch.look()
    page.goto("/directory/territories/new")
    watch.look()
    page.get_by_label("Name").fill(f"North {size}")
    page.get_by_label("ZIP").fill("430 431" if size == "desk" else "432")
    page.get_by_role("main").get_by_role("button", name="territory").click()
    expect(page.get_by_text(f"North {size}").first).to_be_visible()
    page.goto("/directory/practices/new")
    watch.look()
    page.get_by_label("Name", exact=True).fill(f"Clearwater Family Medicine {size}")
    page.get_by_role("button", name="practice").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Clearwater Family Medicine")
    watch.look()

    page.goto("/")
    expect(page.get_by_role("heading", level=1)).to_have_text("First steps")
    for title, is_done in (("Draw your territories", 1), ("Import practices", 1), ("Import referrals", 0)):
        expect(page.locator(".first-steps .is-done", has_text=title)).to_have_count(is_done)
    for path in ("/overview", "/today", "/visits", "/tasks", "/meetings", "/referrals", "/analytics", "/exports"):
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        watch.look(themes=("light",))
