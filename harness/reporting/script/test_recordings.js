// Test recordings: a page of rows at a time, a lane for each behavior.

const ROWS = 20;
kinds.tests = (plot, spec) => {
  const narrow = plot.clientWidth < 560;
  const page = plot.page || 0, only = plot.only ?? -1;
  const rows = spec.recordings.slice(page * ROWS, (page + 1) * ROWS);
  const shown = spec.behaviors.map((_, i) => i).filter((i) => only < 0 || only === i);
  const lane = 0.84 / shown.length;
  const longest = Math.max(...spec.frames.map((frames, i) => ms(frames, spec.fps[i])));
  const lengths = {
    type: "bar", orientation: "h", y: rows.map((_, row) => row), base: rows.map(() => date(0)), width: 0.92, showlegend: false, hoverinfo: "skip",
    x: rows.map((_, row) => ms(spec.frames[page * ROWS + row], spec.fps[page * ROWS + row])),
    marker: { color: color("--panel"), line: { color: color("--line"), width: 0.5 } },
  };
  const traces = [lengths];
  shown.forEach((behavior, order) => {
    const name = escaped(spec.behaviors[behavior]);
    const merged = { base: [], x: [], y: [], customdata: [] };
    let one = null;
    rows.forEach((_, row) => {
      const at = page * ROWS + row;
      one = bars(spec.bouts[behavior][at], spec.fps[at], row - 0.42 + lane * (order + 0.5), name, color(`--b${behavior % 7}`));
      for (const key of Object.keys(merged)) merged[key].push(...one[key]);
    });
    traces.push({ ...one, ...merged, width: lane * 0.86, showlegend: shown.length > 1, legendgroup: name });
  });
  const short = (name) => (narrow && name.length > 12 ? `${name.slice(0, 11)}…` : name);
  const height = rows.length * (only < 0 ? Math.max(22, 12 + 5 * shown.length) : 22) + (narrow ? 150 : 110);
  plot.style.height = `${height}px`;
  Plotly.react(plot, traces, layoutOf({
    height, barmode: "overlay",
    xaxis: { ...timeAxis(longest, narrow), side: "bottom" },
    yaxis: { range: [rows.length - 0.5, -0.5], tickvals: rows.map((_, row) => row), ticktext: rows.map((name) => escaped(short(name))), fixedrange: true, showgrid: false, zeroline: false },
    legend: { orientation: "h", y: 1, yanchor: "bottom", x: 0, traceorder: "normal" },
    margin: { l: 60, r: narrow ? 8 : 16, t: 8, b: 34 },
  }, narrow), config);
  if (plot.ready) return;
  plot.ready = true;
  const bar = controls(plot);
  const label = document.createElement("label");
  label.className = "choice";
  label.append("Show ");
  const select = document.createElement("select");
  ["all behaviors", ...spec.behaviors].forEach((name, i) => select.add(new Option(name, String(i - 1))));
  select.addEventListener("change", () => { plot.only = Number(select.value); draw(plot); });
  label.append(select);
  bar.append(label);
  const pages = Math.ceil(spec.recordings.length / ROWS);
  if (pages > 1) {
    const where = document.createElement("span");
    const turn = (by) => () => {
      plot.page = Math.min(Math.max((plot.page || 0) + by, 0), pages - 1);
      say();
      draw(plot);
    };
    const back = control(bar, "‹ Previous", "Previous recordings", turn(-1));
    const on = control(bar, "Next ›", "Next recordings", turn(1));
    const say = () => {
      const at = plot.page || 0;
      where.textContent = `${at * ROWS + 1} to ${Math.min((at + 1) * ROWS, spec.recordings.length)} of ${spec.recordings.length}`;
      back.disabled = at === 0;
      on.disabled = at === pages - 1;
    };
    where.setAttribute("aria-live", "polite");
    bar.append(where);
    say();
  }
};
