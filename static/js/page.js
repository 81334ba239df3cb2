// What every page does: the CSRF header for htmx, the busy bar, words when a request fails, tabs in view, copying and
// printing.

const htmx = window.htmx;
let open = 0;

document.addEventListener("htmx:configRequest", (event) => {
  const token = document.querySelector('meta[name="csrf-token"]');
  if (token) event.detail.headers["X-CSRFToken"] = token.content;
});

document.addEventListener("htmx:beforeRequest", () => {
  open += 1;
  document.documentElement.classList.add("is-busy");
});

document.addEventListener("htmx:afterRequest", () => {
  open = Math.max(0, open - 1);
  if (!open) document.documentElement.classList.remove("is-busy");
});

document.addEventListener("htmx:responseError", (event) => {
  if (!isBackground(event)) say("That did not work. Nothing was changed; please try again.");
});
document.addEventListener("htmx:sendError", (event) => {
  if (!isBackground(event)) say("No connection. What you see stays; try again when there is signal.");
});

// On a phone a row of tabs is wider than the screen: the page that is open shows in it.
for (const current of document.querySelectorAll(".tabs [aria-current]")) {
  const row = current.closest(".tabs");
  row.scrollLeft = current.offsetLeft - row.offsetLeft - (row.clientWidth - current.clientWidth) / 2;
}

// Requests that the page makes by itself fail silently: the next one will come.
function isBackground(event) {
  const from = event.detail.elt;
  return from.id === "search" || /every|load/.test(from.getAttribute("hx-trigger") || "");
}

export function say(text, kind = "due") {
  const list = document.getElementById("flashes");
  if (!list) return;
  const note = document.createElement("div");
  note.className = `notice notice-${kind}`;
  const words = document.createElement("div");
  words.textContent = text;
  note.append(words);
  list.replaceChildren(note);
}

document.addEventListener("click", async (event) => {
  const copy = event.target.closest("[data-copy]");
  if (copy) {
    const label = copy.querySelector("span") || copy;
    const before = label.textContent;
    try {
      await navigator.clipboard.writeText(copy.dataset.copy);
      label.textContent = "Copied";
    } catch {
      label.textContent = "Could not copy";
    }
    setTimeout(() => { label.textContent = before; }, 2000);
  }
  if (event.target.closest("[data-print]")) window.print();
});

document.body.addEventListener("showMessage", (event) => say(event.detail.value || "", event.detail.kind || "good"));

// A form that came back with faults: bring the summary into view and under the screen reader's eye.
const summary = document.querySelector("[data-error-summary]");
if (summary) summary.focus({ preventScroll: false });

if (htmx && window.matchMedia("(prefers-reduced-motion: reduce)").matches) htmx.config.defaultSettleDelay = 0;
