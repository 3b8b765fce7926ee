// Ethograms: strips of what is labelled and predicted over a trace of probability, with buttons to move in time.

// The trace between two times, with no more points than can be told apart.
function traced(spec, from, to, points) {
  spec.high = spec.high || bytes(spec.trace.high);
  spec.low = spec.low || (spec.trace.low ? bytes(spec.trace.low) : spec.high);
  const size = spec.trace.bin;
  const first = Math.max(0, Math.floor((from * spec.fps) / 1000 / size) - 1);
  const last = Math.min(spec.high.length, Math.ceil((to * spec.fps) / 1000 / size) + 2);
  const step = Math.max(1, Math.ceil((2 * (last - first)) / points));
  const x = [], y = [];
  for (let start = first; start < last; start += step) {
    const stop = Math.min(start + step, last);
    let low = 255, high = 0;
    for (let i = start; i < stop; i++) {
      low = Math.min(low, spec.low[i]);
      high = Math.max(high, spec.high[i]);
    }
    const time = date(ms(((start + stop) / 2) * size, spec.fps));
    x.push(time);
    y.push(low / 255);
    if (high > low) { x.push(time); y.push(high / 255); }
  }
  return { x, y };
}

kinds.ethogram = (plot, spec) => {
  const narrow = plot.clientWidth < 560;
  const longest = ms(spec.frames, spec.fps);
  const view = plot.view || [0, longest];
  const line = traced(spec, view[0], view[1], 2 * plot.clientWidth);
  const agreed = (bouts, row, name) => bars(bouts, spec.fps, row, name, color(`--${{ found: "found", missed: "missed" }[name] || "wrong"}`), { width: 0.86 });
  const traces = [
    agreed(spec.found, 1, "found"), agreed(spec.missed, 1, "missed"),
    agreed(spec.found, 0, "found"), agreed(spec.wrong, 0, "claimed wrongly"),
    bars(spec.unknown, spec.fps, 1, "nobody looked", color("--cut"), { width: 0.3 }),
    bars(spec.unjudged, spec.fps, 0, "claimed where nobody looked", color("--trace"), { width: 0.86 }),
    {
      type: "scatter", mode: "lines", x: line.x, y: line.y, yaxis: "y2", name: "probability", showlegend: false,
      line: { color: color("--trace"), width: 1.2 }, hovertemplate: "%{x|%M:%S.%L}: probability %{y:.3f}<extra></extra>",
    },
  ];
  const cut = (x0, x1, y) => ({
    type: "line", xref: "x", yref: "y2", x0: date(x0), x1: date(x1), y0: y, y1: y, line: { color: color("--wrong"), width: 1.2, dash: "dash" },
  });
  const shapes = spec.thresholds.map(([start, stop, value]) => cut(ms(start, spec.fps), ms(stop, spec.fps), value));
  for (const edge of spec.edges) {
    const at = date(ms(edge, spec.fps));
    shapes.push({ type: "line", xref: "x", yref: "paper", x0: at, x1: at, y0: 0, y1: 1, line: { color: color("--cut"), width: 1, dash: "dot" } });
  }
  const layout = layoutOf({
    barmode: "overlay", bargap: 0, shapes,
    xaxis: { ...timeAxis(longest, narrow), range: view.map(date), anchor: "y2" },
    yaxis: { domain: [0.5, 1], range: [-0.5, 1.5], tickvals: [0, 1], ticktext: ["predicted", "labelled"], fixedrange: true, showgrid: false, zeroline: false },
    yaxis2: { domain: [0, 0.44], range: [0, spec.top], fixedrange: true, nticks: 4, rangemode: "tozero", tickformat: ".2~f" },
    margin: { l: narrow ? 62 : 76, r: narrow ? 8 : 16, t: 6, b: 30 },
  }, narrow);
  Plotly.react(plot, traces, layout, config);
  if (plot.ready) return;
  plot.ready = true;
  const bar = controls(plot);
  const now = () => plot.view || [0, longest];
  const zoom = (factor) => () => {
    const [from, to] = now(), middle = (from + to) / 2, half = ((to - from) * factor) / 2;
    zoomTo(plot, middle - half, middle + half, longest);
  };
  const move = (share) => () => {
    const [from, to] = now(), by = share * (to - from);
    zoomTo(plot, from + by, to + by, longest);
  };
  const next = (bouts) => () => {
    const [from, to] = now();
    const after = plot.visited ?? -1;
    const starts = bouts.filter((_, i) => i % 2 === 0);
    let place = starts.findIndex((start) => ms(start, spec.fps) > after);
    if (place < 0) place = 0;
    const [start, stop] = [ms(bouts[2 * place], spec.fps), ms(bouts[2 * place + 1], spec.fps)];
    plot.visited = start;
    zoomTo(plot, start - 4000, stop + 4000, longest);
  };
  control(bar, "+", "Zoom in", zoom(0.5));
  control(bar, "−", "Zoom out", zoom(2));
  control(bar, "‹", "Earlier", move(-0.6));
  control(bar, "›", "Later", move(0.6));
  control(bar, "All", "Show the whole recording", () => zoomTo(plot, 0, longest, longest));
  if (spec.missed.length) control(bar, "Next missed", "Show the next missed bout", next(spec.missed));
  if (spec.wrong.length) control(bar, "Next wrong", "Show the next wrong claim", next(spec.wrong));
  plot.on("plotly_relayout", (change) => {
    const range = change["xaxis.range"] || (change["xaxis.range[0]"] !== undefined && [change["xaxis.range[0]"], change["xaxis.range[1]"]]);
    if (!range && !change["xaxis.autorange"]) return;
    plot.view = range ? range.map(time) : [0, longest];
    const fine = traced(spec, plot.view[0], plot.view[1], 2 * plot.clientWidth);
    Plotly.restyle(plot, { x: [fine.x], y: [fine.y] }, [4]);
  });
};
