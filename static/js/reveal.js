// The eye beside a password: press to see what is typed.

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-reveal] button");
  if (!button) return;
  const field = button.closest("[data-reveal]").querySelector("input");
  const shown = field.type === "password";
  field.type = shown ? "text" : "password";
  button.setAttribute("aria-pressed", String(shown));
  const use = button.querySelector("use");
  use.setAttribute("href", use.getAttribute("href").replace(/#.*/, shown ? "#eye-slash" : "#eye"));
  field.focus();
});

// What was shown is hidden again before it is sent, so that browsers do not keep it among typed words.
document.addEventListener("submit", (event) => {
  for (const field of event.target.querySelectorAll('[data-reveal] input[type="text"]')) field.type = "password";
});
