// Time. Plotly's dates count milliseconds, so that its ticks fall on whole seconds and minutes.

const ms = (frame, fps) => (1000 * frame) / fps;
// Written out, since plotly takes a bare number such as 7500 for a year.
const date = (value) => new Date(value).toISOString().slice(0, 23);
function clock(seconds) {
  const whole = Math.floor(seconds);
  const minutes = Math.floor(whole / 60);
  return `${minutes}:${String(whole % 60).padStart(2, "0")}.${String(Math.floor((seconds - whole) * 100)).padStart(2, "0")}`;
}
function timeAxis(longest, narrow) {
  const long = longest >= 3600000;
  return {
    type: "date", range: [date(0), date(longest)], showgrid: true, zeroline: false, nticks: narrow ? 5 : 10, tickangle: 0,
    minallowed: date(0), maxallowed: date(longest),
    tickformatstops: [
      { dtickrange: [null, 999], value: "%M:%S.%L" },
      { dtickrange: [1000, null], value: long ? "%H:%M:%S" : "%M:%S" },
    ],
  };
}

// Bars from flat lists of starts and stops.
function bars(bouts, fps, row, name, fill, more) {
  const base = [], x = [], y = [], text = [];
  for (let i = 0; i < bouts.length; i += 2) {
    base.push(date(ms(bouts[i], fps)));
    x.push(ms(bouts[i + 1] - bouts[i], fps));
    y.push(row);
    text.push(`${clock(bouts[i] / fps)} – ${clock(bouts[i + 1] / fps)} (${((bouts[i + 1] - bouts[i]) / fps).toFixed(2)} s)`);
  }
  return {
    type: "bar", orientation: "h", base, x, y, customdata: text, name, showlegend: false,
    // The outline keeps bouts shorter than a pixel in sight.
    marker: { color: fill, line: { color: fill, width: 1 } },
    hovertemplate: `<b>${name}</b> %{customdata}<extra></extra>`, ...more,
  };
}

function time(value) {
  return typeof value === "number" ? value : Date.parse(`${String(value).replace(" ", "T").replace(/Z$/, "")}Z`);
}

function zoomTo(plot, from, to, longest) {
  const width = Math.min(Math.max(to - from, 500), longest);
  const start = Math.min(Math.max(from, 0), longest - width);
  return Plotly.relayout(plot, { "xaxis.range": [date(start), date(start + width)] });
}
