// Says when the part of a page that lies below the window is to be drawn: as soon as it is looked
// at, else a moment after the rest, when the browser has nothing else to do.
// In ms. Who takes pictures or tests, and would wait for all of a page, sets it shorter.
const MOMENT = globalThis.cortexscaleMoment ?? 2500;
// In ms after a click or a key, which shall have reached the server before anything else is said: of
// two messages that meet there, the later one decides which page is run.
const RESPECT = 500;
const plans = new WeakMap();
let acted = -RESPECT;
for (const kind of ["click", "keydown"]) {
  addEventListener(kind, () => { acted = performance.now(); }, { capture: true, passive: true });
}

const inSight = (part) => {
  const { top, bottom } = part.getBoundingClientRect();
  return top < innerHeight && bottom > 0;
};

export default function ({ data, parentElement, setStateValue }) {
  const host = parentElement.host ?? parentElement;
  const part = host.closest('[class*="st-key-below-"]') ?? host;
  const plan = plans.get(part) ?? {};
  plans.set(part, plan);
  const stop = () => {
    clearTimeout(plan.timer);
    plan.observer?.disconnect();
  };
  stop();
  const tell = (how) => {
    stop();
    const wait = acted + RESPECT - performance.now();
    if (wait > 0) plan.timer = setTimeout(() => tell(how), wait);
    else setStateValue("shown", `${how} ${data.version}`);
  };
  part.setAttribute("data-watched", "");
  const known = plan.version;
  plan.version = data.version;
  if (data.drawn) {
    part.removeAttribute("data-waiting");
    part.style.minHeight = "";
    plan.sizes = plan.sizes ?? new ResizeObserver(() => {
      if (!part.hasAttribute("data-waiting")) plan.height = part.offsetHeight;
    });
    plan.sizes.observe(part);
    // Drawn at once, since it was looked at before; who has left it need not wait for it again.
    if (known && known !== data.version && !inSight(part)) tell("left");
    return stop;
  }
  part.setAttribute("data-waiting", "");
  // Else the page would jump under who has scrolled.
  part.style.minHeight = `${plan.height ?? 0}px`;
  if (inSight(part)) {
    tell("seen");
    return stop;
  }
  plan.observer = new IntersectionObserver(
    (entries) => entries.some((entry) => entry.isIntersecting) && tell("seen"),
  );
  plan.observer.observe(part);
  plan.timer = setTimeout(() => tell("rest"), MOMENT);
  return stop;
}
