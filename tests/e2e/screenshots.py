"""Makes the pictures of README: `python -m tests.e2e.screenshots` writes docs/screenshots/*.png from a fresh demo."""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, ViewportSize, sync_playwright

from tests.browser import launch
from tests.e2e.conftest import SIZES, sign_in
from tests.e2e.live import PEOPLE, ROOT, Live, serving
from tests.e2e.watching import settle

FOLDER = ROOT / "docs" / "screenshots"
MOST_BYTES = 300_000
# File name, whose page, its address, on what, how high.
PICTURES = (("overview", "manager", "/overview", "desk", 1290), ("today", "liaison", "/today", "phone", 844))


def take(browser: Browser, live: Live, name: str, role: str, path: str, size: str, height: int) -> Path:
    """One picture, in light."""
    viewport: ViewportSize = {"width": SIZES[size]["width"], "height": height}
    context = browser.new_context(
        base_url=live.address, viewport=viewport, color_scheme="light", is_mobile=size == "phone"
    )
    page = context.new_page()
    page.goto("/")
    sign_in(page, PEOPLE[role], live.password_of(PEOPLE[role]))
    page.goto(path)
    settle(page)
    file = FOLDER / f"{name}.png"
    page.screenshot(path=file, animations="disabled", caret="hide")
    context.close()
    return file


def main() -> int:
    """Start a server with the demo, take every picture, and say how large each is."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(Path(folder), f"sqlite:///{folder}/demo.sqlite3") as live,
        sync_playwright() as playwright,
    ):
        browser = launch(playwright)
        files = [take(browser, live, *picture) for picture in PICTURES]
        browser.close()
    for file in files:
        sys.stdout.write(f"{file.relative_to(ROOT)}: {file.stat().st_size:,} bytes\n")
    return int(any(file.stat().st_size > MOST_BYTES for file in files))


if __name__ == "__main__":
    sys.exit(main())
