"""What a browser test must never see: console errors, broken answers, barriers, scrolling sideways."""

from dataclasses import dataclass, field

from playwright.sync_api import ConsoleMessage, Page, Response

from tests.browser import axe_source

# What axe must not find: the success criteria of WCAG 2.0 to 2.2, levels A and AA.
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
# What of it another theme may break.
OF_COLORS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
DESK_FROM = 720
AXE = axe_source()
# Only what is wrong comes back, in words: all that axe says of a long list would take seconds to carry over.
FIND_BARRIERS = """async (rules) => {
  // A row made of the same parts as one before it can break no rule of its own, and axe takes its time for fifty.
  const partsOf = (row) => [row, ...row.querySelectorAll("*")].map((e) => e.tagName + e.getAttribute("class")).join();
  const repeated = [...document.querySelectorAll("tbody")].flatMap((body) => {
    const seen = new Set();
    return [...body.rows].filter((row, at) => seen.size === seen.add(partsOf(row) + (at % 2)).size);
  });
  const found = await axe.run({exclude: repeated}, {runOnly: rules, resultTypes: ["violations"]});
  // Where a place lies on the map is essential, so pins may lie close together (the exception of WCAG 2.5.8).
  const isPin = (node) => document.querySelector(node.target[0])?.closest(".leaflet-pane");
  for (const fault of found.violations) {
    if (fault.id === "target-size") fault.nodes = fault.nodes.filter((node) => !isPin(node));
  }
  const reason = (node) => [...node.any, ...node.all, ...node.none].map((check) => check.message)[0];
  const places = (fault) => fault.nodes.slice(0, 3).map((node) => `${node.target} (${reason(node)})`);
  const left = found.violations.filter((fault) => fault.nodes.length);
  return left.map((fault) => `${fault.id}: ${fault.help}: ${places(fault).join(", ")}`);
}"""
# How far the page can be scrolled sideways, and what sticks out furthest.
OVERFLOW = """() => {
  const root = document.documentElement, wide = root.scrollWidth - window.innerWidth;
  if (wide <= 0) return "";
  const out = [...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > innerWidth + 1);
  return `${wide} px too wide: ` + out.slice(0, 3).map((e) => e.outerHTML.slice(0, 120)).join(" | ");
}"""

# Charts in view say what they wait for until they are drawn; others are loaded when somebody scrolls to them.
IS_DRAWN = """() => !document.querySelector(".htmx-request")
  && ![...document.querySelectorAll("[data-chart-state]")].some(
       (e) => e.textContent === "Loading the chart" && e.getBoundingClientRect().top < window.innerHeight)"""
# A change of color begins with the next frame, and takes its time.
STANDS_STILL = """async () => {
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  const ends = document.getAnimations().filter((a) => a.effect.getComputedTiming().iterations !== Infinity);
  await Promise.all(ends.map((a) => a.finished.catch(() => 0)));
}"""


@dataclass
class Watch:
    """Collects the faults of a page; `expected` are parts of messages that a test provokes on purpose."""

    page: Page
    faults: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Listen from the start: what the content security policy refuses is only ever said in the console."""
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self._keep(f"script failed: {error}"))
        self.page.on("response", self._see)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._keep(f"{message.type}: {message.text} ({message.location.get('url', '')})")

    def _see(self, response: Response) -> None:
        if response.status >= 400:
            self._keep(f"status of {response.status} from {response.request.method} {response.url}")

    def _keep(self, fault: str) -> None:
        if not any(part in fault for part in self.expected):
            self.faults.append(f"{fault} on {self.page.url}")

    def look(self, *, themes: tuple[str, ...] = ("light", "dark")) -> None:
        """Check what the page shows now: no barriers in either theme, nothing that sticks out."""
        settle(self.page)
        seen = self.page.viewport_size
        if seen and seen["width"] < DESK_FROM:
            # As tall as the page: otherwise the bar at the thumb lies on whatever happens to be under it.
            height = int(self.page.evaluate("() => document.documentElement.scrollHeight"))
            self.page.set_viewport_size({"width": seen["width"], "height": max(height, seen["height"])})
        for theme in themes:
            self.page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]  # the words are Playwright's
            settle(self.page)
            found = barriers(self.page, WCAG if theme == themes[0] else OF_COLORS)
            self.faults += [f"{fault} ({theme}) on {self.page.url}" for fault in found]
        self.page.emulate_media(color_scheme="light")
        if wide := self.page.evaluate(OVERFLOW):
            self.faults.append(f"{wide} on {self.page.url}")
        if seen:
            self.page.set_viewport_size(seen)

    def check(self) -> None:
        """Fail with everything that was seen."""
        assert not self.faults, "\n".join(dict.fromkeys(self.faults))


def settle(page: Page) -> None:
    """Wait until the page has loaded and drawn its charts, and no color or place changes any more."""
    page.wait_for_load_state("load")
    page.wait_for_function(IS_DRAWN)
    page.evaluate(STANDS_STILL)


def barriers(page: Page, rules: object = WCAG) -> list[str]:
    """The accessibility faults of what the page shows now: one line for each."""
    # Evaluated by the debugger, so the page's content security policy needs no exception for it.
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE)
    return list(page.evaluate(FIND_BARRIERS, rules))
