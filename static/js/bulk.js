// Selection of rows in form[data-bulk]: all on the page, a range with Shift, or everything that the filter holds.

const update = (form) => {
  const boxes = [...form.querySelectorAll("[data-bulk-row]")];
  const count = boxes.filter((box) => box.checked).length;
  const total = Number(form.dataset.bulkTotal || 0);
  const everything = form.querySelector("[data-bulk-everything]");
  const isEverything = everything?.value === "1" && count === boxes.length && count > 0;
  if (everything && !isEverything) everything.value = "";
  const all = form.querySelector("[data-bulk-all]");
  if (all) {
    all.checked = count > 0 && count === boxes.length;
    all.indeterminate = count > 0 && count < boxes.length;
  }
  const bar = form.querySelector("[data-bulk-bar]");
  if (!bar) return;
  bar.hidden = count === 0;
  bar.querySelector("[data-bulk-count]").textContent = `${(isEverything ? total : count).toLocaleString("en-US")} selected`;
  const more = bar.querySelector("[data-bulk-select-everything]");
  if (more) more.hidden = isEverything || total <= boxes.length;
};

let last = null;

document.addEventListener("click", (event) => {
  const form = event.target.closest("form[data-bulk]");
  if (!form) return;
  const rows = () => [...form.querySelectorAll("[data-bulk-row]")];
  if (event.target.matches("[data-bulk-row]")) {
    if (event.shiftKey && last && form.contains(last)) {
      const [from, to] = [rows().indexOf(last), rows().indexOf(event.target)].sort((a, b) => a - b);
      rows().slice(from, to + 1).forEach((box) => { box.checked = event.target.checked; });
    }
    last = event.target;
  } else if (event.target.matches("[data-bulk-all]")) {
    rows().forEach((box) => { box.checked = event.target.checked; });
  } else if (event.target.closest("[data-bulk-select-everything]")) {
    rows().forEach((box) => { box.checked = true; });
    form.querySelector("[data-bulk-everything]").value = "1";
  } else if (event.target.closest("[data-bulk-clear]")) {
    rows().forEach((box) => { box.checked = false; });
    form.querySelector("[data-bulk-all]")?.focus();
  } else {
    return;
  }
  update(form);
});

const scan = () => document.querySelectorAll("form[data-bulk]").forEach(update);
scan();
window.addEventListener("pageshow", scan);
document.addEventListener("htmx:load", scan);
