// A file on its way: how much of it was sent, then that it is being read; it can be stopped, and is not sent when too large.

const megabytes = (bytes) => (bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0);

function show(form, says, done, total) {
  const box = form.querySelector("[data-upload-progress]");
  if (!box) return;
  box.hidden = false;
  const bar = box.querySelector("progress");
  if (total) {
    bar.max = total;
    bar.value = done;
  } else bar.removeAttribute("value");
  bar.setAttribute("aria-label", says);
  box.querySelector("[data-upload-stop]").hidden = !total; // what is being read cannot be called back
  const words = box.querySelector(".progress-line p");
  if (words.textContent !== says) words.textContent = says;
}

function free(form) {
  form.querySelector("[data-upload-progress]")?.setAttribute("hidden", "");
  delete form.dataset.sending;
  for (const button of form.querySelectorAll(".is-sending")) {
    button.classList.remove("is-sending");
    button.removeAttribute("aria-busy");
  }
}

// A file that would be refused need not travel.
document.addEventListener("submit", (event) => {
  const form = event.target.closest("[data-upload]");
  const file = form?.querySelector('input[type="file"]')?.files[0];
  const most = Number(form?.dataset.maxBytes);
  if (!file || file.size <= most) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  free(form);
  const note = form.querySelector("[data-file-drop-name]");
  note.textContent = `${file.name} has ${megabytes(file.size)} MB, and at most ${megabytes(most)} MB can be sent. Split it, by month say.`;
}, true);

document.addEventListener("htmx:xhr:progress", (event) => {
  const form = event.target.closest?.("[data-upload]");
  if (!form) return;
  const { loaded, total } = event.detail;
  if (loaded < total) show(form, `Sent ${megabytes(loaded)} of ${megabytes(total)} MB`, loaded, total);
  else show(form, "Being read. Patient columns are dropped before anything is stored.");
});

document.addEventListener("click", (event) => {
  const form = event.target.closest("[data-upload-stop]")?.closest("form");
  if (!form) return;
  window.htmx.trigger(form, "htmx:abort");
  free(form);
});

document.addEventListener("htmx:afterSwap", () => document.querySelector("[data-upload] [data-error-summary]")?.focus());

for (const name of ["htmx:sendError", "htmx:responseError", "htmx:sendAbort"]) {
  document.addEventListener(name, (event) => {
    const form = event.target.closest?.("[data-upload]");
    if (form) free(form);
  });
}
