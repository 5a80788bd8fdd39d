// Says when the part of a page that lies below the window is to be drawn: as soon as it comes near
// the window, else when nobody has done anything for a moment.
// In ms. Who takes pictures or tests, and would wait for all of a page, sets it shorter.
const MOMENT = globalThis.cortexscaleMoment ?? 2500;
// In ms after a click or a key, which shall be on its way to the server before anything else is
// said: of two messages that meet there, the later one decides which page is run.
const RESPECT = 150;
// In pixels from the lower edge of the window, for who has begun to scroll.
const NEAR = 400;
// In ms, for what the page holds a place for and is still being loaded.
const PATIENCE = 15000;
const PART = '[data-testid="stVerticalBlock"][class*="st-key-below-"]';
// By name, since a part may be put into another element of the page.
const plans = new Map();
let acted = -Infinity;
for (const kind of ["pointerdown", "click", "keydown", "wheel", "touchmove"]) {
  addEventListener(kind, () => { acted = performance.now(); }, { capture: true, passive: true });
}

const isBusy = () =>
  document.querySelector('[data-testid="stApp"]')?.dataset.testScriptState !== "notRunning";

// A widget that is not there yet says nothing of its value: a run that is asked for before it comes
// finds it known, sends no value along, and leaves it empty.
const isLoading = () =>
  document.querySelector('[data-testid="stElementContainer"] [data-testid="stSkeleton"]');

const boxOf = (part) => part.closest('[data-testid="stMain"]');

const isNear = (part) => {
  const { top, bottom } = part.getBoundingClientRect();
  return top < innerHeight + (boxOf(part)?.scrollTop ? NEAR : 0) && bottom > 0;
};

// Waits until no script is run or asked for, all of the page has come, and for so long since somebody
// did something.
function whenQuiet(plan, act, ms = RESPECT, from = -Infinity, asked = performance.now()) {
  clearTimeout(plan.timer);
  const now = performance.now();
  const wait = Math.max(acted, from) + ms - now;
  if (wait > 0 || isBusy() || (isLoading() && now - asked < PATIENCE)) {
    plan.timer = setTimeout(() => whenQuiet(plan, act, ms, from, asked), Math.max(wait, 50));
  } else act();
}

function planOf(part) {
  const name = [...part.classList].find((each) => each.startsWith("st-key-below-"));
  const plan = plans.get(name) ?? {};
  plans.set(name, plan);
  if (plan.part !== part) {
    plan.sizes?.disconnect();
    plan.part = part;
    plan.sizes = new ResizeObserver(() => {
      // Empty, it holds nothing but its watch.
      const isEmpty = part.offsetHeight < 2 || part.hasAttribute("data-waiting");
      if (!isEmpty) plan.height = part.offsetHeight;
    });
    plan.sizes.observe(part);
  }
  return plan;
}

export default function ({ data, parentElement, setStateValue }) {
  const host = parentElement.host ?? parentElement;
  const part = host.closest(PART);
  if (!part) return undefined;
  const plan = planOf(part);
  const stop = () => {
    clearTimeout(plan.timer);
    plan.observer?.disconnect();
    boxOf(part)?.removeEventListener("scroll", plan.look);
  };
  stop();
  const tell = (how) => () => {
    stop();
    setStateValue("shown", `${how} ${data.version}`);
  };
  host.closest('[class*="-watch"]')?.setAttribute("data-watched", "");
  const known = plan.version;
  plan.version = data.version;
  if (data.drawn) {
    part.removeAttribute("data-waiting");
    plan.isLeft ||= known && known !== data.version && !isNear(part);
    whenQuiet(plan, () => {
      part.style.minHeight = "";
      // Drawn at once, since it was looked at before; who has left it need not wait for it again.
      if (plan.isLeft) tell("left")();
    });
    return stop;
  }
  plan.isLeft = false;
  part.setAttribute("data-waiting", "");
  // Else the page would jump under who has scrolled.
  part.style.minHeight = `${plan.height ?? 0}px`;
  plan.look = () => isNear(part) && whenQuiet(plan, tell("seen"));
  plan.observer = new IntersectionObserver(plan.look);
  plan.observer.observe(part);
  boxOf(part)?.addEventListener("scroll", plan.look, { passive: true });
  whenQuiet(plan, tell("rest"), MOMENT, performance.now());
  return stop;
}
