// The search field of the top line: "/" goes to it, arrows walk through the answers, on a phone it opens over the top line.

const box = document.querySelector("[data-search]");

if (box) {
  const field = box.querySelector("#search");
  const answers = box.querySelector("#search-answers");
  const opener = document.querySelector("[data-search-open]");
  const options = () => [...answers.querySelectorAll('[role="option"]')];
  let at = -1;

  const show = (visible) => {
    answers.hidden = !visible;
    field.setAttribute("aria-expanded", String(visible));
    if (!visible) mark(-1);
  };

  const mark = (index) => {
    at = index;
    options().forEach((option, n) => option.setAttribute("aria-selected", String(n === index)));
    const current = options()[index];
    if (current) {
      if (!current.id) current.id = `search-answer-${index}`;
      field.setAttribute("aria-activedescendant", current.id);
      current.scrollIntoView({ block: "nearest" });
    } else {
      field.removeAttribute("aria-activedescendant");
    }
  };

  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    event.preventDefault();
    box.classList.add("is-open");
    field.focus();
    field.select();
  });

  field.addEventListener("keydown", (event) => {
    const count = options().length;
    if (event.key === "Escape") {
      if (answers.hidden) close();
      else show(false);
    } else if (count && !answers.hidden && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      mark((at + (event.key === "ArrowDown" ? 1 : at < 0 ? 0 : -1) + count) % count);
    } else if (event.key === "Enter" && at >= 0) {
      const option = options()[at];
      const link = option?.matches("a") ? option : option?.querySelector("a");
      if (link) {
        event.preventDefault();
        link.click();
      }
    }
  });

  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.target === answers) show(options().length > 0 && document.activeElement === field);
  });
  field.addEventListener("focus", () => { if (options().length && field.value.trim()) show(true); });
  field.addEventListener("input", () => { if (!field.value.trim()) show(false); });
  document.addEventListener("click", (event) => { if (!box.contains(event.target)) show(false); });

  const close = () => {
    show(false);
    box.classList.remove("is-open");
    field.blur();
    if (opener?.checkVisibility()) opener.focus();
  };
  opener?.addEventListener("click", () => {
    box.classList.add("is-open");
    field.focus();
  });
  box.querySelector("[data-search-close]")?.addEventListener("click", close);
}
