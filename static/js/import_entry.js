// The form of one referral or a month's count shows only the fields of the kind that is chosen.
for (const form of document.querySelectorAll("[data-entry-form]")) {
  const show = () => {
    const kind = form.querySelector('input[name="kind"]:checked')?.value;
    for (const part of form.querySelectorAll("[data-entry]")) part.hidden = part.dataset.entry !== kind;
  };
  form.addEventListener("change", show);
  show();
}
