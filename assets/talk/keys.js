// The keys that presenters and their clickers use, and the stage's size in the window.
const STEPS = { ArrowRight: 1, PageDown: 1, ArrowLeft: -1, PageUp: -1 };
const TYPING = "input, textarea, select, [contenteditable], [role=slider], [role=combobox]";

function target(key, at, n) {
  if (key === "Home") return 1;
  if (key === "End") return n;
  if (!(key in STEPS)) return null;
  // What is not in the list stands before it.
  return Math.min(Math.max((at || 0) + STEPS[key], 1), n);
}

function fit() {
  const scale = Math.min(window.innerWidth / 1280, window.innerHeight / 720);
  document.documentElement.style.setProperty("--talk-scale", scale);
}

const mounted = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  const view = mounted.get(parentElement) ?? {};
  mounted.set(parentElement, view);
  if (view.given !== data) {
    view.given = data;
    view.at = data.at;
  }
  const press = (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return;
    if (event.composedPath().some((node) => node.matches?.(TYPING))) return;
    if (event.key === "Escape") {
      setTriggerValue("pressed", "leave");
      return;
    }
    const step = target(event.key, view.at, data.n);
    if (step === null) return;
    event.preventDefault();
    if (step === view.at) return;
    // Kept here: two presses in a row go two steps on, however long a step takes to draw.
    view.at = step;
    setTriggerValue("pressed", step);
  };
  fit();
  document.addEventListener("keydown", press);
  window.addEventListener("resize", fit);
  return () => {
    document.removeEventListener("keydown", press);
    window.removeEventListener("resize", fit);
  };
}
