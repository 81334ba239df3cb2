// Filters: a form with data-autosubmit sends itself when a choice changes (not while somebody types).

document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-autosubmit]");
  if (!form || event.target.matches('input[type="text"], input[type="search"], textarea')) return;
  form.requestSubmit();
});
