// Flat maps of the cortex on canvases: painted, hovered, clicked and played in the browser.
// What comes from outside is written as text alone, never as HTML.
const ATLAS = "cortexscaleAtlas";
const N_LEFT = 10242;
const NOTHING = 0x7fff;
const HIDDEN = 0x8000;
const MOST_PIXELS = 1900;
const HOLD = 450;
const FADE = 450;
const views = new WeakMap();

function sharedAtlas() {
  if (!globalThis[ATLAS]) {
    const atlas = { rasters: new Map() };
    atlas.ready = new Promise((resolve) => (atlas.resolve = resolve));
    globalThis[ATLAS] = atlas;
  }
  return globalThis[ATLAS].ready;
}

async function inflate(text) {
  const packed = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).arrayBuffer();
}

function make(tag, className, parent, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  if (parent) parent.append(element);
  return element;
}

// Which pixels of a canvas lie in which triangle, nearest corner first.
function rasterOf(atlas, width) {
  if (atlas.rasters.has(width)) return atlas.rasters.get(width);
  const { points, triangles, box } = atlas;
  const scale = width / (box.x[1] - box.x[0]);
  const height = Math.round((box.y[1] - box.y[0]) * scale);
  const at = new Int32Array(width * height).fill(-1);
  const pixels = [];
  const corners = [];
  const shares = [];
  const px = (v) => (points[2 * v] - box.x[0]) * scale - 0.5;
  const py = (v) => (box.y[1] - points[2 * v + 1]) * scale - 0.5;
  for (let t = 0; t < triangles.length; t += 3) {
    const [a, b, c] = [triangles[t], triangles[t + 1], triangles[t + 2]];
    const [ax, ay, bx, by, cx, cy] = [px(a), py(a), px(b), py(b), px(c), py(c)];
    const area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax);
    if (area === 0) continue;
    const right = Math.min(width - 1, Math.floor(Math.max(ax, bx, cx)));
    const bottom = Math.min(height - 1, Math.floor(Math.max(ay, by, cy)));
    for (let y = Math.max(0, Math.ceil(Math.min(ay, by, cy))); y <= bottom; y++) {
      for (let x = Math.max(0, Math.ceil(Math.min(ax, bx, cx))); x <= right; x++) {
        const u = ((cx - bx) * (y - by) - (cy - by) * (x - bx)) / area;
        const v = ((ax - cx) * (y - cy) - (ay - cy) * (x - cx)) / area;
        const w = 1 - u - v;
        if (u < -1e-6 || v < -1e-6 || w < -1e-6 || at[y * width + x] >= 0) continue;
        at[y * width + x] = pixels.length;
        pixels.push(y * width + x);
        const order = [[u, a], [v, b], [w, c]].sort((one, two) => two[0] - one[0]);
        corners.push(order[0][1], order[1][1], order[2][1]);
        shares.push(order[0][0], order[1][0], order[2][0]);
      }
    }
  }
  const raster = {
    width, height, at, scale,
    pixels: Uint32Array.from(pixels),
    corners: Uint16Array.from(corners),
    shares: Float32Array.from(shares),
  };
  // A window that is dragged wider passes through many sizes.
  if (atlas.rasters.size > 6) atlas.rasters.delete(atlas.rasters.keys().next().value);
  atlas.rasters.set(width, raster);
  return raster;
}

// One map: the value of each vertex, and whether it is shown.
function frameAt(panel, place, data) {
  const whole = Math.min(Math.floor(place), panel.frames.length - 1);
  const part = data.scale.steps.length ? 0 : place - whole;
  const first = panel.frames[whole];
  if (part === 0 || whole + 1 >= panel.frames.length) return first;
  const second = panel.frames[whole + 1];
  const near = part < 0.5 ? first : second;
  const values = new Float32Array(first.values.length);
  for (let v = 0; v < values.length; v++) {
    values[v] = first.known[v] && second.known[v]
      ? first.values[v] * (1 - part) + second.values[v] * part
      : near.values[v];
  }
  return { values, known: near.known, shown: near.shown };
}

function unpack(buffer, n, data) {
  const [low, high] = data.range;
  const packed = new Uint16Array(buffer);
  const frames = [];
  for (let start = 0; start < packed.length; start += n) {
    const frame = {
      values: new Float32Array(n), known: new Uint8Array(n), shown: new Uint8Array(n),
    };
    for (let v = 0; v < n; v++) {
      const code = packed[start + v];
      const level = code & NOTHING;
      frame.known[v] = level === NOTHING ? 0 : 1;
      frame.shown[v] = frame.known[v] && !(code & HIDDEN) ? 1 : 0;
      frame.values[v] = low + (level / (NOTHING - 1)) * (high - low);
    }
    frames.push(frame);
  }
  return frames;
}

function paint(view, panel) {
  const { atlas, data } = view;
  const canvas = panel.canvas;
  const raster = rasterOf(atlas, canvas.width);
  const { values, shown } = frameAt(panel, view.place, data);
  const { vmin, vmax, steps } = data.scale;
  const [gyrus, sulcus] = atlas.greys[data.mode];
  const image = new ImageData(raster.width, raster.height);
  const out = new Uint32Array(image.data.buffer);
  const slope = 255 / (vmax - vmin);
  for (let i = 0, c = 0; i < raster.pixels.length; i++, c += 3) {
    const [a, b, d] = [raster.corners[c], raster.corners[c + 1], raster.corners[c + 2]];
    if (!shown[a]) {
      const deep =
        atlas.folds[a] * raster.shares[c] + atlas.folds[b] * raster.shares[c + 1] +
        atlas.folds[d] * raster.shares[c + 2];
      const grey = Math.round(255 * gyrus + (sulcus - gyrus) * deep);
      out[raster.pixels[i]] = 0xff000000 | (grey << 16) | (grey << 8) | grey;
      continue;
    }
    let value = values[a];
    if (!steps.length) {
      const sb = shown[b] ? raster.shares[c + 1] : 0;
      const sd = shown[d] ? raster.shares[c + 2] : 0;
      const sa = raster.shares[c];
      value = (value * sa + values[b] * sb + values[d] * sd) / (sa + sb + sd);
    }
    out[raster.pixels[i]] = view.table[Math.max(0, Math.min(255, Math.round((value - vmin) * slope)))];
  }
  const pen = canvas.getContext("2d");
  pen.putImageData(image, 0, 0);
  drawRegions(view, panel, raster, pen);
  nameSides(view, panel, raster, pen);
  if (panel.evidence === "simulated") markSimulated(view, raster, pen);
  if (panel.picked !== undefined) markVertex(view, panel.picked, raster, pen);
}

function markVertex(view, vertex, raster, pen) {
  const { points, box } = view.atlas;
  const x = (points[2 * vertex] - box.x[0]) * raster.scale;
  const y = (box.y[1] - points[2 * vertex + 1]) * raster.scale;
  for (const [width, colour] of [[5, view.ground], [2.5, view.ink]]) {
    pen.lineWidth = width;
    pen.strokeStyle = colour;
    pen.beginPath();
    pen.arc(x, y, 8, 0, 2 * Math.PI);
    pen.stroke();
  }
}

function drawRegions(view, panel, raster, pen) {
  const { atlas } = view;
  const ratio = raster.width / panel.canvas.clientWidth || 1;
  const place = ([x, y]) => [
    (x - atlas.box.x[0]) * raster.scale, (atlas.box.y[1] - y) * raster.scale,
  ];
  pen.lineJoin = "round";
  atlas.regions.forEach((region, number) => {
    const strong = number === panel.focus ? 2.2 : 1;
    for (const [width, colour] of [[3.2, view.ground], [1.4, view.ink]]) {
      pen.lineWidth = width * strong * ratio * Math.min(1, panel.canvas.clientWidth / 700 + 0.35);
      pen.strokeStyle = colour;
      for (const path of region.paths) {
        pen.beginPath();
        path.forEach((point, step) => pen[step ? "lineTo" : "moveTo"](...place(point)));
        pen.stroke();
      }
    }
  });
  const size = Math.round(Math.min(15, panel.canvas.clientWidth / 62) * ratio);
  // On a small map the names would cover what they name.
  if (panel.canvas.clientWidth < 560) return;
  pen.font = `600 ${size}px ${view.font}`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  for (const region of atlas.regions) {
    write(pen, region.name, ...place(region.place), view, 3.5 * ratio);
  }
}

// The lower outer corners are free, below the cut about orbitofrontal cortex.
function nameSides(view, panel, raster, pen) {
  const ratio = raster.width / panel.canvas.clientWidth || 1;
  const large = panel.canvas.clientWidth >= 560;
  pen.font = `${Math.round((large ? 14 : 11) * ratio)}px ${view.font}`;
  pen.textBaseline = "bottom";
  for (const [side, share] of [["left", 0.02], ["right", 0.98]]) {
    pen.textAlign = side;
    const name = large ? `${side} hemisphere` : side[0].toUpperCase();
    write(pen, name, raster.width * share, raster.height * 0.94, view, 3.5 * ratio);
  }
}

function write(pen, text, x, y, view, halo) {
  pen.lineWidth = halo;
  pen.strokeStyle = view.ground;
  pen.strokeText(text, x, y);
  pen.fillStyle = view.ink;
  pen.fillText(text, x, y);
}

function markSimulated(view, raster, pen) {
  pen.save();
  pen.font = `700 ${Math.round(raster.width / 27)}px ${view.font}`;
  pen.textAlign = "center";
  pen.globalAlpha = 0.65;
  for (const share of [0.25, 0.75]) {
    pen.setTransform(1, 0, 0, 1, raster.width * share, raster.height * 0.31);
    pen.rotate(-0.17);
    pen.lineWidth = Math.max(1.5, raster.width / 450);
    pen.strokeStyle = view.ink;
    pen.strokeText("SIMULATED", 0, 0);
    pen.fillStyle = view.ground;
    pen.fillText("SIMULATED", 0, 0);
  }
  pen.restore();
}

function valueText(view, panel, vertex) {
  const { scale } = view.data;
  const frame = frameAt(panel, Math.round(view.place), view.data);
  if (!frame.known[vertex]) return "no value";
  const value = scale.steps.length
    ? scale.steps[Math.round(frame.values[vertex])]
    : frame.values[vertex];
  return `${value.toFixed(scale.digits)}${frame.shown[vertex] ? "" : " (not drawn)"}`;
}

function sideOf(vertex) {
  return vertex < N_LEFT ? "left" : "right";
}

function describe(view, panel, vertex) {
  const inside = (view.atlas.within.get(vertex) ?? []).map((place) => view.atlas.regions[place]);
  const names = inside.map((region) => region.title).join("; ") || "outside the regions";
  return [
    `${names}, ${sideOf(vertex)} hemisphere`,
    `${view.data.scale.short}: ${valueText(view, panel, vertex)}`,
    `vertex ${vertex}`,
  ];
}

function meanText(view, panel, region) {
  const frame = frameAt(panel, Math.round(view.place), view.data);
  const known = region.targets.filter((target) => frame.known[target]);
  if (!known.length || view.data.scale.steps.length) return "";
  const mean = known.reduce((sum, target) => sum + frame.values[target], 0) / known.length;
  return `, mean ${view.data.scale.short} ${mean.toFixed(view.data.scale.digits)}`;
}

function vertexAt(view, panel, event) {
  const canvas = panel.canvas;
  const raster = rasterOf(view.atlas, canvas.width);
  const frame = canvas.getBoundingClientRect();
  const x = Math.floor(((event.clientX - frame.left) / frame.width) * raster.width);
  const y = Math.floor(((event.clientY - frame.top) / frame.height) * raster.height);
  if (x < 0 || y < 0 || x >= raster.width || y >= raster.height) return undefined;
  const pixel = raster.at[y * raster.width + x];
  return pixel < 0 ? undefined : raster.corners[3 * pixel];
}

function hover(view, panel, event) {
  const vertex = vertexAt(view, panel, event);
  view.tip.hidden = vertex === undefined;
  panel.canvas.style.cursor = vertex === undefined ? "default" : "pointer";
  if (vertex === undefined) return;
  view.tip.replaceChildren();
  describe(view, panel, vertex).forEach((line) => make("div", "", view.tip, line));
  const frame = view.root.getBoundingClientRect();
  const wide = view.tip.offsetWidth;
  const x = event.clientX - frame.left;
  view.tip.style.left = `${Math.max(0, Math.min(x + 14, frame.width - wide - 4))}px`;
  view.tip.style.top = `${Math.max(0, event.clientY - frame.top - view.tip.offsetHeight - 12)}px`;
}

function pick(view, panel, vertex, region) {
  for (const other of view.panels) other.picked = undefined;
  panel.picked = vertex;
  repaint(view);
  view.send("picked", {
    vertex, roi: region?.name ?? null, hemisphere: sideOf(vertex), panel: panel.key,
  });
}

function press(view, panel, event) {
  const regions = view.atlas.regions;
  const steps = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
  if (event.key in steps) {
    const step = steps[event.key];
    const next = panel.focus === undefined ? (step > 0 ? 0 : regions.length - 1) : panel.focus + step;
    panel.focus = (next + regions.length) % regions.length;
    const region = regions[panel.focus];
    view.live.textContent =
      `${region.title}, ${region.side} hemisphere${meanText(view, panel, region)}`;
    paint(view, panel);
  } else if (event.key === "Enter" && panel.focus !== undefined) {
    const region = regions[panel.focus];
    pick(view, panel, region.middle, region);
  } else if (event.key === "Escape") {
    panel.focus = undefined;
    view.live.textContent = "";
    paint(view, panel);
  } else {
    return;
  }
  event.preventDefault();
}

function buildPanels(view) {
  view.grid.replaceChildren();
  view.grid.dataset.columns = view.data.columns;
  view.panels = view.data.panels.map((given, place) => {
    const box = make("figure", "panel", view.grid);
    if (given.frame) {
      box.style.borderColor = given.frame;
      box.classList.add("framed");
    }
    if (given.title) make("figcaption", "", box, given.title);
    const canvas = make("canvas", "", box);
    canvas.tabIndex = 0;
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", given.alt);
    const panel = { ...given, canvas, frames: view.frames[place] };
    canvas.onmousemove = (event) => hover(view, panel, event);
    canvas.onmouseleave = () => (view.tip.hidden = true);
    canvas.onclick = (event) => {
      const vertex = vertexAt(view, panel, event);
      if (vertex === undefined) return;
      const inside = view.atlas.within.get(vertex) ?? [];
      pick(view, panel, vertex, view.atlas.regions[inside[0]]);
    };
    canvas.onkeydown = (event) => press(view, panel, event);
    canvas.onblur = () => {
      panel.focus = undefined;
      paint(view, panel);
    };
    return panel;
  });
}

function buildBar(view) {
  const { scale } = view.data;
  view.bar.replaceChildren();
  const line = make("div", "line", view.bar);
  const colour = (place) => `rgb(${view.colours.slice(3 * place, 3 * place + 3).join(",")})`;
  if (["min", "both"].includes(scale.extend)) {
    make("span", "below", line).style.background = colour(0);
  }
  const strip = make("canvas", "strip", line);
  strip.width = 512;
  strip.height = 1;
  const pen = strip.getContext("2d");
  for (let x = 0; x < 512; x++) {
    const share = (x + 0.5) / 512;
    const n = scale.steps.length;
    const place = n ? ((Math.floor(share * n) + 0.5) / n) * 255 : share * 255;
    pen.fillStyle = colour(Math.round(place));
    pen.fillRect(x, 0, 1, 1);
  }
  if (["max", "both"].includes(scale.extend)) {
    make("span", "above", line).style.background = colour(255);
  }
  const ticks = make("div", "ticks", view.bar);
  ticks.classList.toggle("has-below", ["min", "both"].includes(scale.extend));
  ticks.classList.toggle("has-above", ["max", "both"].includes(scale.extend));
  for (const [share, text] of scale.ticks) {
    make("span", "", ticks, text).style.left = `${100 * share}%`;
  }
  make("div", "label", view.bar, scale.note ? `${scale.label}, ${scale.note}` : scale.label);
}

function buildFilm(view) {
  const { film } = view.data;
  view.film.replaceChildren();
  view.film.hidden = !film;
  if (!film) {
    view.playing = false;
    return;
  }
  const last = film.labels.length - 1;
  const button = (text, title, act) => {
    const made = make("button", "", view.film, text);
    made.type = "button";
    made.title = title;
    made.onclick = act;
    return made;
  };
  const stop = (place) => {
    view.playing = false;
    show(view, Math.max(0, Math.min(last, place)));
    report(view);
  };
  button("Back", "One layer back", () => stop(Math.ceil(view.place) - 1));
  view.play = button("Play", "Play or pause the film", () => {
    view.playing = !view.playing;
    if (view.playing) {
      if (view.place >= last) view.place = 0;
      view.since = undefined;
      view.from = Math.floor(view.place);
      requestAnimationFrame((now) => step(view, now));
    } else {
      stop(Math.round(view.place));
    }
    show(view, view.place);
  });
  button("Next", "One layer on", () => stop(Math.floor(view.place) + 1));
  view.slider = make("input", "", view.film);
  Object.assign(view.slider, { type: "range", min: 0, max: last, step: 1 });
  view.slider.setAttribute("aria-label", film.name);
  view.slider.oninput = () => {
    view.playing = false;
    show(view, Number(view.slider.value));
  };
  view.slider.onchange = () => report(view);
  view.said = make("output", "", view.film);
}

function report(view) {
  const place = Math.round(view.place);
  if (view.reported !== place) view.keep("frame", (view.reported = place));
}

function step(view, now) {
  if (!view.playing || !view.root.isConnected) return;
  view.since ??= now;
  const last = view.data.film.labels.length - 1;
  const passed = now - view.since;
  const rounds = Math.floor(passed / (HOLD + FADE));
  const part = Math.max(0, (passed % (HOLD + FADE)) - HOLD) / FADE;
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const place = view.from + rounds + (still ? 0 : part);
  if (place >= last) {
    view.playing = false;
    show(view, last);
    report(view);
    return;
  }
  show(view, place);
  requestAnimationFrame((next) => step(view, next));
}

function show(view, place) {
  const changed = place !== view.place;
  view.place = place;
  if (view.data.film) {
    view.slider.value = Math.round(place);
    view.said.textContent = view.data.film.labels[Math.round(place)];
    view.slider.setAttribute("aria-valuetext", view.said.textContent);
    view.play.textContent = view.playing ? "Pause" : "Play";
    view.root.dataset.frame = Math.round(place);
  }
  if (changed) repaint(view);
}

function repaint(view) {
  for (const panel of view.panels) paint(view, panel);
}

function resize(view) {
  for (const panel of view.panels) {
    const wide = panel.canvas.clientWidth;
    if (!wide) continue;
    const width = Math.min(MOST_PIXELS, Math.round(wide * Math.min(2, devicePixelRatio || 1)));
    if (width === panel.canvas.width && panel.painted) continue;
    const { box } = view.atlas;
    panel.canvas.width = width;
    panel.canvas.height = Math.round((width * (box.y[1] - box.y[0])) / (box.x[1] - box.x[0]));
    panel.painted = true;
    paint(view, panel);
  }
}

function open(parent) {
  const root = make("div", "flatmaps");
  const view = { root, place: 0, panels: [], playing: false };
  view.film = make("div", "film", root);
  view.grid = make("div", "grid", root);
  view.bar = make("div", "bar", root);
  view.live = make("div", "live", root);
  view.live.setAttribute("aria-live", "polite");
  view.tip = make("div", "tip", root);
  view.tip.hidden = true;
  parent.append(root);
  return view;
}

async function update(view, data) {
  const turn = (view.turn = (view.turn ?? 0) + 1);
  const atlas = await sharedAtlas();
  const n = atlas.points.length / 2;
  const buffers = await Promise.all(data.panels.map((panel) => inflate(panel.values)));
  // A newer map may have come while this one was unpacked.
  if (turn !== view.turn) return;
  const colours = Uint8Array.from(atob(data.table), (letter) => letter.charCodeAt(0));
  Object.assign(view, { atlas, data, colours });
  view.table = new Uint32Array(256);
  for (let i = 0; i < 256; i++) {
    const [r, g, b] = colours.slice(3 * i, 3 * i + 3);
    view.table[i] = (0xff000000 | (b << 16) | (g << 8) | r) >>> 0;
  }
  view.ink = data.mode === "dark" ? "#F2F4F7" : "#1A1D21";
  view.ground = data.mode === "dark" ? "#0F1419" : "#FFFFFF";
  view.font = getComputedStyle(view.root).fontFamily || "sans-serif";
  view.frames = buffers.map((buffer) => unpack(buffer, n, data));
  const same = view.identity === data.identity;
  view.identity = data.identity;
  buildPanels(view);
  buildBar(view);
  buildFilm(view);
  const place = data.film ? (same ? Math.round(view.place) : data.film.start) : 0;
  view.place = -1;
  show(view, Math.min(place, view.frames[0].length - 1));
  view.reported = place;
  resize(view);
  view.root.dataset.ready = data.identity;
}

export default function ({ data, parentElement, setTriggerValue, setStateValue }) {
  const view = views.get(parentElement) ?? open(parentElement);
  views.set(parentElement, view);
  view.send = setTriggerValue;
  view.keep = setStateValue;
  if (view.given !== data) {
    view.given = data;
    update(view, data);
  }
  const watch = new ResizeObserver(() => view.atlas && resize(view));
  watch.observe(view.root);
  return () => {
    watch.disconnect();
    view.playing = false;
  };
}
