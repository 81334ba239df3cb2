// Keeps what is typed into form[data-draft="key"] on this device until it is saved, and brings it back after a reload,
// a session timeout or a lost connection. Signing out removes every draft. Passwords, files and hidden fields are never kept.

const PREFIX = `rounds-draft:${document.body.dataset.viewer || "?"}:`;
const DAYS = 14;
const SKIPPED = new Set(["password", "file", "submit", "button", "reset", "image"]);

const store = {
  read(key) {
    try {
      const draft = JSON.parse(localStorage.getItem(key));
      return draft && Date.now() - draft.at < DAYS * 864e5 ? draft : null;
    } catch {
      return null;
    }
  },
  write(key, draft) {
    try {
      localStorage.setItem(key, JSON.stringify(draft));
    } catch {
      // A full or forbidden store must not hinder typing.
    }
  },
  keys(prefix) {
    try {
      return Object.keys(localStorage).filter((key) => key.startsWith(prefix));
    } catch {
      return [];
    }
  },
  drop(key) {
    try {
      localStorage.removeItem(key);
    } catch {
      // Nothing to do.
    }
  },
};

const kept = (form) => [...form.elements].filter((field) =>
  (field.name || field.id) && !SKIPPED.has(field.type) && !("noDraft" in field.dataset) && field.tagName !== "FIELDSET"
  && (field.type !== "hidden" || "comboboxValue" in field.dataset) && field.name !== "csrf_token");

const valuesOf = (form) => {
  const values = {};
  for (const field of kept(form)) {
    const name = field.name || `#${field.id}`;
    if (field.type === "checkbox" || field.type === "radio") {
      values[name] ??= [];
      if (field.checked) values[name].push(field.value);
    } else if (field.multiple) {
      values[name] = [...field.selectedOptions].map((option) => option.value);
    } else {
      values[name] = field.value;
    }
  }
  return values;
};

const fill = (form, values) => {
  for (const field of kept(form)) {
    const value = values[field.name || `#${field.id}`];
    if (value === undefined) continue;
    if (field.type === "checkbox" || field.type === "radio") field.checked = value.includes(field.value);
    else if (field.multiple) for (const option of field.options) option.selected = value.includes(option.value);
    else field.value = value;
  }
  form.dispatchEvent(new CustomEvent("rounds:restored", { bubbles: true }));
};

const note = (form, at, original, key) => {
  const line = document.createElement("p");
  line.className = "draft-note";
  line.setAttribute("role", "status");
  const time = new Date(at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  const day = new Date(at).toDateString() === new Date().toDateString() ? "" : ` on ${new Date(at).toLocaleDateString()}`;
  const discard = document.createElement("button");
  discard.type = "button";
  discard.textContent = "Discard";
  discard.addEventListener("click", () => {
    fill(form, original);
    store.drop(key);
    line.remove();
  });
  line.append(`What you typed at ${time}${day} is back.`, discard);
  form.prepend(line);
};

let isOver = false;
const navigation = performance.getEntriesByType("navigation")[0]?.type || "navigate";
const forms = [...document.querySelectorAll("form[data-draft]")];
const here = new Set(forms.map((form) => PREFIX + form.dataset.draft));

// What was sent is saved when the form itself led to this page. The sign-in page, an error page and a form that came back
// say that it was not: it stays a draft. Any other way here (the connection was lost, say) proves nothing.
const cameFrom = (draft) => document.referrer === draft.from;
const isUnsaved = Boolean(document.querySelector(".bare, [data-error-page], form[data-draft] [data-error-summary]"));
for (const key of store.keys(isUnsaved ? "rounds-draft:" : PREFIX)) {
  const draft = store.read(key);
  if (!draft?.sent) continue;
  if (isUnsaved) store.write(key, { at: draft.at, values: draft.values });
  else if (!here.has(key) && cameFrom(draft)) store.drop(key);
}

for (const form of forms) {
  const key = PREFIX + form.dataset.draft;
  const original = valuesOf(form);
  const draft = store.read(key);
  const refused = Boolean(form.querySelector("[data-error-summary]"));
  if (draft?.sent && !refused && cameFrom(draft) && navigation === "navigate") {
    store.drop(key);
  } else if (draft && !refused && JSON.stringify(draft.values) !== JSON.stringify(original)) {
    fill(form, draft.values);
    note(form, draft.at, original, key);
  }

  let timer = 0;
  const keep = () => store.write(key, { at: Date.now(), values: valuesOf(form) });
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(keep, 300);
  };
  form.addEventListener("input", soon);
  form.addEventListener("change", soon);
  form.addEventListener("submit", () => {
    clearTimeout(timer);
    store.write(key, { at: Date.now(), values: valuesOf(form), sent: true, from: location.href.split("#")[0] });
  });
  window.addEventListener("pagehide", () => {
    if (timer && !isOver && !store.read(key)?.sent && JSON.stringify(valuesOf(form)) !== JSON.stringify(original)) keep();
  });
}

document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-sign-out]")) return;
  isOver = true;
  for (const key of store.keys("rounds-draft:")) store.drop(key);
});
