// Figures: each is drawn by its kind from what Python wrote.

const figures = JSON.parse(document.getElementById("figures").textContent);
const touch = matchMedia("(pointer: coarse)").matches;
const config = { displayModeBar: false, responsive: true, doubleClick: "reset", scrollZoom: false };

const escaped = (text) => String(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

function bytes(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

function axis(more = {}) {
  return {
    gridcolor: color("--grid"), linecolor: color("--line"), zerolinecolor: color("--line"), ticks: "",
    automargin: true, ...more, title: { standoff: 8, ...(more.title || {}) },
  };
}

function layoutOf(layout, narrow) {
  const copy = colored(layout);
  for (const key of Object.keys(copy)) if (/^[xy]axis\d*$/.test(key)) copy[key] = axis(copy[key]);
  return {
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", hovermode: "closest", dragmode: touch ? false : "zoom",
    margin: { l: narrow ? 46 : 60, r: narrow ? 8 : 20, t: 24, b: 44 },
    ...copy,
    font: { family: getComputedStyle(document.body).fontFamily, size: narrow ? 11.5 : 13, color: color("--text") },
    hoverlabel: { bgcolor: color("--panel"), bordercolor: color("--line"), font: { color: color("--text") } },
  };
}

const kinds = {};

function draw(plot, again = true) {
  const spec = figures[plot.dataset.figure];
  if (plot.dataset.drawn && !again) return;
  plot.dataset.drawn = "yes";
  if (spec.kind === "choices") {
    const select = document.querySelector(`[data-chooses="${plot.dataset.figure}"]`);
    const chosen = spec.choices[Number(select.value)][1];
    kinds[chosen.kind](plot, chosen);
  } else {
    kinds[spec.kind](plot, spec);
  }
}

kinds.plotly = (plot, spec) => {
  const narrow = plot.clientWidth < 560;
  if (spec.layout.height) plot.style.height = `${spec.layout.height}px`;
  Plotly.react(plot, colored(spec.data), layoutOf(spec.layout, narrow), config);
};

function control(parent, words, label, act) {
  const one = document.createElement("button");
  one.type = "button";
  one.textContent = words;
  one.setAttribute("aria-label", label);
  one.addEventListener("click", act);
  parent.append(one);
  return one;
}

function controls(plot) {
  const bar = document.createElement("div");
  bar.className = "controls";
  plot.closest("figure").prepend(bar);
  return bar;
}
