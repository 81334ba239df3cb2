// A field for a file: shows the chosen name and size, and that a dragged file may be dropped here.

const size = (bytes) => (bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1e3))} kB` : `${(bytes / 1e6).toFixed(1)} MB`);

document.addEventListener("change", (event) => {
  const drop = event.target.closest("[data-file-drop]");
  if (!drop || event.target.type !== "file") return;
  const files = [...event.target.files];
  drop.querySelector("[data-file-drop-name]").textContent = files.map((file) => `${file.name}, ${size(file.size)}`).join("; ");
});

for (const [name, over] of [["dragover", true], ["dragleave", false], ["drop", false], ["dragend", false]]) {
  document.addEventListener(name, (event) => {
    const box = event.target.closest?.(".file-drop-box");
    if (box) box.classList.toggle("is-over", over);
  });
}
