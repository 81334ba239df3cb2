// A form is sent once: the pressed button says that it is busy. data-confirm asks before what cannot be taken back.

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.confirm && !window.confirm(form.dataset.confirm)) {
    event.preventDefault();
    event.stopImmediatePropagation();
    return;
  }
  if (!("submitOnce" in form.dataset) || event.defaultPrevented) return;
  if (form.dataset.sending) {
    event.preventDefault();
    return;
  }
  form.dataset.sending = "yes";
  const button = event.submitter || form.querySelector('button[type="submit"]');
  if (button) {
    button.classList.add("is-sending");
    button.setAttribute("aria-busy", "true");
  }
  document.documentElement.classList.add("is-busy");
}, true);

// The page may come back from the browser's memory, or the answer may be a download: the form is free again.
const free = () => {
  document.documentElement.classList.remove("is-busy");
  for (const form of document.querySelectorAll("form[data-sending]")) {
    delete form.dataset.sending;
    for (const button of form.querySelectorAll(".is-sending")) {
      button.classList.remove("is-sending");
      button.removeAttribute("aria-busy");
    }
  }
};
window.addEventListener("pageshow", (event) => { if (event.persisted) free(); });
// A file may be long on its way: sent once more it would be taken in twice.
const patience = (form) => (form.enctype === "multipart/form-data" ? 180000 : 8000);
document.addEventListener("submit", (event) => {
  setTimeout(() => { if (document.visibilityState === "visible") free(); }, patience(event.target));
});
