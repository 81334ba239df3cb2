"""The browser of the tests: finds or installs a Chromium, starts it, and carries the accessibility checker.

`python -m tests.browser` is what `make test` runs first: it ends with an error when there is no browser to be had.
"""

import os
import shutil
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

from playwright.sync_api import Browser, Playwright, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC_CHROME = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
# Quiet and alone: no first-run pages, no updates, no calls home, which a closed network answers with delays.
FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
HOW_TO_GET_ONE = (
    "No browser for the tests: install Chromium or Google Chrome (for example 'apt install chromium'), "
    "or set CHROMIUM to the path of one."
)


def find_browser(playwright: Playwright) -> Path | None:
    """The path of a Chromium on this machine: the one named by CHROMIUM, a system one, or Playwright's own."""
    if given := os.environ.get("CHROMIUM"):
        if not Path(given).is_file():
            raise SystemExit(f"CHROMIUM names {given!r}, which is not a file")
        return Path(given)
    for name in NAMES:
        if found := shutil.which(name):
            return Path(found)
    others = (MAC_CHROME, Path(playwright.chromium.executable_path))
    return next((path for path in others if path.is_file()), None)


def launch(playwright: Playwright) -> Browser:
    """Start the browser, without a window."""
    path = find_browser(playwright)
    if path is None:
        raise RuntimeError(HOW_TO_GET_ONE)
    # Chromium's sandbox cannot be made by root, as which CI runs.
    flags = ["--no-sandbox", *FLAGS] if os.geteuid() == 0 else list(FLAGS)
    return playwright.chromium.launch(executable_path=path, headless=True, args=flags)


def axe_source() -> str:
    """The JavaScript of axe-core, which finds accessibility faults in a page."""
    return files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")


def install_browser() -> None:
    """Get a Chromium from the system's packages if we may, otherwise from Playwright."""
    root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    may_install = bool(shutil.which("apt-get")) and (not root or _runs([*root, "true"]))
    if may_install:
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        apt = [*root, "apt-get", "-q", "-y"]
        if _runs([*apt, "update"], quiet) and _runs([*apt, "install", "--no-install-recommends", "chromium"], quiet):
            return
    with_libraries = ["--with-deps"] if may_install else []
    _runs([sys.executable, "-m", "playwright", "install", *with_libraries, "chromium"])


def _runs(command: list[str], env: dict[str, str] | None = None) -> bool:
    try:
        return subprocess.run(command, env=env, stdin=subprocess.DEVNULL, check=False).returncode == 0
    except FileNotFoundError:
        return False


def main() -> None:
    """Make sure that the browser tests have a browser."""
    with sync_playwright() as playwright:
        path = find_browser(playwright)
        if path is None:
            install_browser()
            path = find_browser(playwright)
    if path is None:
        raise SystemExit(HOW_TO_GET_ONE)
    print(f"Browser for the tests: {path}")


if __name__ == "__main__":
    main()
