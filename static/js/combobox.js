// Find one of many by typing. The hidden field carries the id of the answer; arrows, Enter and Escape work.

const LIMIT = 20;

const setUp = (box) => {
  if (box.dataset.ready) return;
  box.dataset.ready = "yes";
  const field = box.querySelector('[role="combobox"]');
  const value = box.querySelector("[data-combobox-value]");
  const list = box.querySelector('[role="listbox"]');
  let chosen = field.value;
  let at = -1;
  let timer = 0;
  let asked = 0;

  const options = () => [...list.querySelectorAll('[role="option"]')];
  const close = () => {
    list.hidden = true;
    field.setAttribute("aria-expanded", "false");
    field.removeAttribute("aria-activedescendant");
    at = -1;
  };
  const mark = (index) => {
    at = index;
    options().forEach((option, n) => option.setAttribute("aria-selected", String(n === index)));
    const current = options()[index];
    if (!current) return;
    field.setAttribute("aria-activedescendant", current.id);
    current.scrollIntoView({ block: "nearest" });
  };
  const choose = (option) => {
    field.value = option.dataset.label;
    chosen = field.value;
    value.value = option.dataset.id;
    value.dispatchEvent(new Event("change", { bubbles: true }));
    close();
  };
  const draw = (rows) => {
    list.replaceChildren(...rows.slice(0, LIMIT).map((row, n) => {
      const option = document.createElement("li");
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", "false");
      option.id = `${list.id}-${n}`;
      option.dataset.id = row.id;
      option.dataset.label = row.label;
      const label = document.createElement("span");
      label.textContent = row.label;
      option.append(label);
      if (row.note) {
        const note = document.createElement("small");
        note.textContent = row.note;
        option.append(note);
      }
      return option;
    }));
    if (!rows.length) {
      const none = document.createElement("li");
      none.className = "listbox-note";
      none.setAttribute("role", "option");
      none.setAttribute("aria-disabled", "true");
      none.textContent = "Nothing found";
      list.append(none);
    }
    list.hidden = false;
    field.setAttribute("aria-expanded", "true");
    mark(rows.length ? 0 : -1);
  };
  const ask = async () => {
    const turn = (asked += 1);
    const address = new URL(box.dataset.combobox, location.href);
    address.searchParams.set("q", field.value.trim() === chosen ? "" : field.value.trim());
    try {
      const answer = await fetch(address, { headers: { Accept: "application/json" }, credentials: "same-origin" });
      if (!answer.ok) throw new Error(String(answer.status));
      const body = await answer.json();
      if (turn === asked && document.activeElement === field) draw(Array.isArray(body) ? body : body.items || body.results || []);
    } catch {
      if (turn === asked) close();
    }
  };

  field.addEventListener("input", () => {
    if (!field.value.trim()) {
      value.value = "";
      chosen = "";
      value.dispatchEvent(new Event("change", { bubbles: true }));
    }
    clearTimeout(timer);
    timer = setTimeout(ask, 150);
  });
  field.addEventListener("focus", () => field.select());
  field.addEventListener("click", () => { if (list.hidden) ask(); });
  field.addEventListener("keydown", (event) => {
    const count = options().length;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (list.hidden) ask();
      else if (count) mark((at + (event.key === "ArrowDown" ? 1 : -1) + count) % count);
    } else if (event.key === "Enter" && !list.hidden && options()[at]?.dataset.id !== undefined) {
      event.preventDefault();
      choose(options()[at]);
    } else if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      close();
    }
  });
  list.addEventListener("pointerdown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const option = event.target.closest('[role="option"]');
    if (option?.dataset.id !== undefined) choose(option);
  });
  field.addEventListener("blur", () => {
    close();
    asked += 1;
    field.value = chosen;
  });
  box.closest("form")?.addEventListener("rounds:restored", () => { chosen = field.value; });
};

const scan = (root) => root.querySelectorAll?.("[data-combobox]").forEach(setUp);
scan(document);
document.addEventListener("htmx:load", (event) => scan(event.detail.elt.parentNode || event.detail.elt));
