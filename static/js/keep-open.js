// What a person has unfolded stays so when a part of the page is brought anew: details with an id inside [data-keep-open].

let open = [];

document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target.closest("[data-keep-open]")) {
    open = [...event.detail.target.querySelectorAll("details[open][id]")].map((part) => part.id);
  }
});

document.addEventListener("htmx:afterSwap", (event) => {
  if (!event.detail.target.closest("[data-keep-open]")) return;
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
});
