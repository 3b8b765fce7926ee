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
