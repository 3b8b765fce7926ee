// Theme: what the screen asks for, until the reader chooses.

const root = document.documentElement;
const dark = matchMedia("(prefers-color-scheme: dark)");
const button = document.getElementById("theme");
function setTheme(name) {
  root.dataset.theme = name;
  button.setAttribute("aria-pressed", String(name === "dark"));
  for (const plot of document.querySelectorAll(".plot[data-drawn]")) draw(plot);
}
button.addEventListener("click", () => setTheme(root.dataset.theme === "dark" ? "light" : "dark"));
dark.addEventListener("change", (event) => setTheme(event.matches ? "dark" : "light"));
root.dataset.theme = dark.matches ? "dark" : "light";
button.setAttribute("aria-pressed", String(dark.matches));

function color(name) {
  return getComputedStyle(root).getPropertyValue(name).trim();
}

// A copy of what Python wrote, with the colors of the theme in the place of their names.
function colored(value) {
  if (typeof value === "string") {
    const match = /^var\((--[a-z0-9-]+)\)$/.exec(value);
    return match ? color(match[1]) : value;
  }
  if (Array.isArray(value)) return typeof value[0] === "number" && typeof value.at(-1) === "number" ? value.slice() : value.map(colored);
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, colored(one)]));
  }
  return value;
}
