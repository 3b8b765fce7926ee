"use strict";
(() => {
  const figures = JSON.parse(document.getElementById("figures").textContent);
  const root = document.documentElement;
  const touch = matchMedia("(pointer: coarse)").matches;
  const config = { displayModeBar: false, responsive: true, doubleClick: "reset", scrollZoom: false };

  // Theme: what the screen asks for, until the reader chooses.

  const dark = matchMedia("(prefers-color-scheme: dark)");
  const button = document.getElementById("theme");
  let printing = false;
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

  const escaped = (text) => String(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

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

  function bytes(text) {
    return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  }

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

  function time(value) {
    return typeof value === "number" ? value : Date.parse(`${String(value).replace(" ", "T").replace(/Z$/, "")}Z`);
  }

  function zoomTo(plot, from, to, longest) {
    const width = Math.min(Math.max(to - from, 500), longest);
    const start = Math.min(Math.max(from, 0), longest - width);
    return Plotly.relayout(plot, { "xaxis.range": [date(start), date(start + width)] });
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

  // Clips: skeletons on a canvas.

  function clip(canvas, data) {
    const raw = bytes(data.points);
    const points = new Int16Array(raw.buffer, 0, raw.length / 2);
    const perFrame = data.animals * data.parts * 2;
    const frames = points.length / perFrame;
    const context = canvas.getContext("2d");
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [240, 210];
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    const strip = 18;
    const at = (frame, animal, part) => {
      const i = frame * perFrame + (animal * data.parts + part) * 2;
      return points[i] < 0 ? null : [8 + (points[i] / 1000) * (width - 16), 8 + (points[i + 1] / 1000) * (height - strip - 20)];
    };
    function show(frame) {
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      context.clearRect(0, 0, width, height);
      for (let animal = 0; animal < data.animals; animal++) {
        const ink = color(["--b0", "--b1", "--b2", "--b6"][animal % 4]);
        context.strokeStyle = context.fillStyle = ink;
        context.lineWidth = 2.4;
        for (const [one, other] of data.edges) {
          const a = at(frame, animal, one), b = at(frame, animal, other);
          if (!a || !b) continue;
          context.beginPath();
          context.moveTo(...a);
          context.lineTo(...b);
          context.stroke();
        }
        for (let part = 0; part < data.parts; part++) {
          const a = at(frame, animal, part);
          if (!a) continue;
          context.beginPath();
          context.arc(a[0], a[1], part === data.front ? 4.6 : 2.6, 0, 2 * Math.PI);
          context.fill();
        }
      }
      const x = (value) => 8 + (value / frames) * (width - 16);
      const band = (spans, y, ink) => {
        context.fillStyle = ink;
        for (let i = 0; i < spans.length; i += 2) context.fillRect(x(spans[i]), y, Math.max(1, x(spans[i + 1]) - x(spans[i])), 5);
      };
      context.fillStyle = color("--grid");
      context.fillRect(8, height - strip, width - 16, 5);
      context.fillRect(8, height - strip + 7, width - 16, 5);
      band(data.labelled, height - strip, color("--found"));
      band(data.claimed, height - strip + 7, color("--trace"));
      context.fillStyle = color("--text");
      context.fillRect(x(frame + 0.5) - 0.75, height - strip - 3, 1.5, 18);
    }
    return { frames, show, fps: data.fps };
  }

  kinds.clips = (holder, spec) => {
    const was = holder.players || [];
    was.forEach((player) => player.stop());
    holder.textContent = "";
    holder.style.height = "auto";
    const list = document.createElement("div");
    list.className = "clips";
    holder.players = spec.clips.map((data) => {
      const card = document.createElement("div");
      card.className = "clip";
      const canvas = document.createElement("canvas");
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", `${data.title}: ${data.words}`);
      const title = document.createElement("p");
      title.className = "kind";
      title.textContent = data.title;
      const words = document.createElement("p");
      words.textContent = data.words;
      card.append(title, canvas, words);
      list.append(card);
      const player = clip(canvas, data);
      let timer = 0, begun = 0;
      const button = control(card, "Play", `Play: ${data.title}, ${data.words}`, () => (timer ? player.stop() : player.play()));
      player.show(Math.floor(player.frames / 2));
      player.stop = () => {
        cancelAnimationFrame(timer);
        timer = 0;
        button.textContent = "Play";
      };
      player.play = () => {
        button.textContent = "Stop";
        begun = performance.now();
        const step = (now) => {
          player.show(Math.floor(((Math.max(now - begun, 0)) / 1000) * player.fps) % player.frames);
          timer = requestAnimationFrame(step);
        };
        timer = requestAnimationFrame(step);
      };
      return player;
    });
    holder.append(list);
  };

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
})();
