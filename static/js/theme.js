// Light or dark before anything is drawn; the choice is kept in a cookie so that the server knows it too.
(function () {
  "use strict";
  var root = document.documentElement;
  var dark = window.matchMedia("(prefers-color-scheme: dark)");

  function apply(choice) {
    var theme = choice === "light" || choice === "dark" ? choice : dark.matches ? "dark" : "light";
    root.dataset.themeChoice = choice;
    if (root.dataset.bsTheme === theme) return;
    root.dataset.bsTheme = theme;
    document.dispatchEvent(new CustomEvent("rounds:theme", { detail: theme }));
  }

  apply(root.dataset.themeChoice || "system");
  // Paper is always light.
  window.addEventListener("beforeprint", function () {
    var choice = root.dataset.themeChoice;
    apply("light");
    root.dataset.themeChoice = choice;
  });
  window.addEventListener("afterprint", function () { apply(root.dataset.themeChoice); });

  dark.addEventListener("change", function () { apply(root.dataset.themeChoice); });

  document.addEventListener("change", function (event) {
    if (!event.target.closest("[data-theme-switch]")) return;
    var secure = location.protocol === "https:" ? "; secure" : "";
    document.cookie = "theme=" + event.target.value + "; path=/; max-age=31536000; samesite=lax" + secure;
    apply(event.target.value);
  });
})();
