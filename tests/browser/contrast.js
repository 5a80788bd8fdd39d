// Words whose contrast with their ground is below WCAG's AA: a line for each.
() => {
  const found = new Set();
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const read = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, ground, share) => top.slice(0, 3).map((c, i) => c * share + ground[i] * (1 - share));
  const light = (colour) => {
    const [r, g, b] = colour.map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const around = (element) => {
    const line = [];
    for (let each = element; each; each = each.parentElement ?? each.getRootNode().host) line.push(each);
    return line;
  };
  const pageGround = read(getComputedStyle(document.querySelector('[data-testid="stApp"]')).backgroundColor).slice(0, 3);
  const groundOf = (line) =>
    line.reduceRight((ground, each) => {
      const colour = read(getComputedStyle(each).backgroundColor);
      return over(colour, ground, colour[3]);
    }, pageGround);
  for (const part of document.querySelectorAll('[data-testid="stMain"], [data-testid="stSidebar"]')) {
    // A closed sidebar stands outside the window.
    if (part.getBoundingClientRect().right <= 0) continue;
    for (const element of part.querySelectorAll("*")) {
      const own = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim());
      const svg = element.ownerSVGElement;
      if (!own || (svg && element.closest("text") === null)) continue;
      if (!element.checkVisibility({ visibilityProperty: true })) continue;
      // What is out of use is exempt, as are logos and what is written behind the data.
      if (element.closest("[disabled], [aria-disabled=true]") || element.textContent === "SIMULATED") continue;
      if (element.closest("label")?.querySelector(":disabled")) continue;
      // Their grounds are the cells', which are drawn as a picture.
      if (element.closest(".heatmap-label")) continue;
      // Words on a map of colours: what they stand on is a picture; tests/figures/test_cells.py has them.
      if (element.closest(".scatterlayer") && element.closest(".js-plotly-plot")?.querySelector(".heatmaplayer image")) continue;
      const style = getComputedStyle(element), line = around(element);
      const words = element.getBoundingClientRect();
      const x = words.x + words.width / 2, y = words.y + words.height / 2;
      // A parent that the words stand outside of, as a slider's value does, is not their ground.
      const under = (each) => {
        const box = each.getBoundingClientRect();
        return box.left <= x && x <= box.right && box.top <= y && y <= box.bottom;
      };
      const ground = groundOf(line.filter((each) => !each.ownerSVGElement && under(each)));
      const opacity = line.reduce((share, each) => share * Number(getComputedStyle(each).opacity), 1);
      const colour = read(svg ? style.fill : style.color);
      if (!opacity) continue;
      const [a, b] = [light(over(colour, ground, colour[3] * opacity)), light(ground)].sort((x, y) => y - x);
      const contrast = (a + 0.05) / (b + 0.05), size = parseFloat(style.fontSize);
      const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
      if (contrast < (large ? 3 : 4.5))
        found.add(`${contrast.toFixed(2)}: ${JSON.stringify(element.textContent.trim().slice(0, 50))} ${element.className?.baseVal ?? element.className}`);
    }
  }
  return [...found];
}
