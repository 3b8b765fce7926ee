// Figures are drawn when they come near the screen, and all of them before printing, on white.

const watcher = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    watcher.unobserve(entry.target);
    draw(entry.target, false);
  }
}, { rootMargin: "500px" });
for (const plot of document.querySelectorAll(".plot")) watcher.observe(plot);

for (const select of document.querySelectorAll("select[data-chooses]")) {
  select.addEventListener("change", () => draw(document.querySelector(`[data-figure="${CSS.escape(select.dataset.chooses)}"]`)));
}

let before = "light";
addEventListener("beforeprint", () => {
  before = root.dataset.theme;
  root.dataset.theme = "light";
  for (const plot of document.querySelectorAll(".plot")) draw(plot);
});
addEventListener("afterprint", () => setTheme(before));

for (const copier of document.querySelectorAll("[data-copies]")) {
  copier.addEventListener("click", async () => {
    const text = document.getElementById(copier.dataset.copies);
    try {
      await navigator.clipboard.writeText(text.textContent);
      copier.textContent = "Copied";
    } catch {
      // A page opened from disk may not be allowed to: then the text is at least selected.
      getSelection().selectAllChildren(text);
    }
  });
}
