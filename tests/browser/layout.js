// What is wrong with how a page is laid out, by its own boxes: a line for each finding.
// `exceptions` are selectors of what may be clipped on purpose.
(exceptions) => {
  const SLACK = 1.5;
  const found = [];
  const seen = (element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  const words = (text) => JSON.stringify(text.replace(/\s+/g, " ").trim().slice(0, 60));
  const excepted = (element) => exceptions.some((selector) => element.closest(selector));
  const clips = (style) => style.overflowX !== "visible";
  const parentOf = (element) => element.parentElement ?? element.getRootNode().host ?? null;

  function* inside(root) {
    for (const element of root.querySelectorAll("*")) {
      yield element;
      if (element.shadowRoot) yield* inside(element.shadowRoot);
    }
  }

  // Boxes that may lie askew, as labels of ticks do: corners on the screen.
  const corners = (text) => {
    const box = text.getBBox(), matrix = text.getScreenCTM();
    return [[0, 0], [1, 0], [1, 1], [0, 1]].map(([right, down]) =>
      new DOMPoint(box.x + right * box.width, box.y + down * box.height).matrixTransform(matrix));
  };
  const spread = (points, axis) => {
    const along = points.map((point) => point.x * axis.x + point.y * axis.y);
    return [Math.min(...along), Math.max(...along)];
  };
  // By the separating axis: boxes overlap unless a line along a side of one of them parts them.
  const overlap = (one, other, slack) =>
    [one, other].every((box) => [[0, 1], [1, 2]].every(([from, to]) => {
      const x = box[to].x - box[from].x, y = box[to].y - box[from].y, size = Math.hypot(x, y) || 1;
      const axis = { x: x / size, y: y / size };
      const [a, b] = spread(one, axis), [c, d] = spread(other, axis);
      return Math.min(b, d) - Math.max(a, c) > slack;
    }));

  const figures = () => {
    for (const plot of document.querySelectorAll(".js-plotly-plot")) {
      const frame = plot.getBoundingClientRect();
      const texts = [...plot.querySelectorAll("svg text")]
        .filter((text) => seen(text) && text.textContent.trim() && !text.closest(".hoverlayer"))
        // Written across the plot, behind the data.
        .filter((text) => text.textContent !== "SIMULATED")
        .map((text) => ({ name: words(text.textContent), box: corners(text) }))
        .filter(({ box }) => spread(box, { x: 1, y: 0 })[1] > spread(box, { x: 1, y: 0 })[0]);
      texts.forEach(({ name, box }, index) => {
        const [left, right] = spread(box, { x: 1, y: 0 }), [top, bottom] = spread(box, { x: 0, y: 1 });
        const out = Math.max(frame.left - left, right - frame.right, frame.top - top, bottom - frame.bottom);
        if (out > SLACK) found.push(`figure: ${name} sticks out by ${Math.round(out)} px`);
        for (const other of texts.slice(index + 1))
          // Boxes of letters are taller than the letters.
          if (overlap(box, other.box, 3)) found.push(`figure: ${name} lies on ${other.name}`);
      });
    }
  };

  const clippedText = (element) => {
    for (const node of element.childNodes) {
      if (node.nodeType !== Node.TEXT_NODE || !node.textContent.trim()) continue;
      const range = document.createRange();
      range.selectNodeContents(node);
      const text = range.getBoundingClientRect();
      // For screen readers alone.
      if (text.width <= 1 || text.height <= 1) continue;
      for (let around = element; around && around !== document.body; around = parentOf(around)) {
        const style = getComputedStyle(around);
        if (style.position === "absolute" && around.clientWidth <= 1) break;
        if (!clips(style) || around.clientWidth <= 1) continue;
        const box = around.getBoundingClientRect();
        if (text.right > box.right + SLACK || text.left < box.left - SLACK ||
            (around === element && around.scrollWidth > around.clientWidth + SLACK)) {
          found.push(`clipped: ${words(node.textContent)}`);
          break;
        }
      }
    }
  };

  const widgets = (part) => {
    const boxes = [...part.querySelectorAll('[data-testid="stElementContainer"]')]
      .filter((element) => seen(element) && !element.querySelector('[data-testid="stElementContainer"]'))
      .map((element) => ({ element, box: element.getBoundingClientRect() }))
      .filter(({ box }) => box.width > 1 && box.height > 1);
    const name = (element) => `${element.firstElementChild?.dataset.testid} ${words(element.innerText ?? "")}`;
    boxes.forEach(({ element, box }, index) => {
      for (const other of boxes.slice(index + 1)) {
        if (excepted(element) || excepted(other.element)) continue;
        const wide = Math.min(box.right, other.box.right) - Math.max(box.left, other.box.left);
        const high = Math.min(box.bottom, other.box.bottom) - Math.max(box.top, other.box.top);
        if (wide > 2 && high > 2) found.push(`widgets: ${name(element)} lies on ${name(other.element)}`);
      }
    });
  };

  for (const id of ["stMain", "stSidebar"]) {
    const part = document.querySelector(`[data-testid="${id}"]`);
    // A closed sidebar stands outside the window.
    if (!part || part.getBoundingClientRect().right <= 0) continue;
    // Beyond the sidebar's edge is the handle that widens it.
    if (id === "stMain" && part.scrollWidth > part.clientWidth + SLACK)
      found.push(`${id} scrolls sideways by ${part.scrollWidth - part.clientWidth} px`);
    for (const element of inside(part)) {
      if (element.ownerSVGElement || !seen(element)) continue;
      if (!excepted(element)) clippedText(element);
      if (element.matches("input") && element.scrollWidth > element.clientWidth + SLACK)
        found.push(`clipped: ${words(element.value)}`);
    }
    widgets(part);
  }
  figures();
  return [...new Set(found)];
}
