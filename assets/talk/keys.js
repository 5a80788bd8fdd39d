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

function press(view, event) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return;
  if (event.composedPath().some((node) => node.matches?.(TYPING))) return;
  if (event.key === "Escape") {
    view.send("pressed", "leave");
    return;
  }
  const step = target(event.key, view.at, view.data.n);
  if (step === null) return;
  event.preventDefault();
  if (step === view.at) return;
  // Kept here: two presses in a row go two steps on, however long a step takes to draw.
  view.at = step;
  view.send("pressed", step);
}

// One for the document, whichever element the component is mounted in: a key is one press.
let listening = null;

const view = {};

export default function ({ data, setTriggerValue }) {
  if (view.data !== data) {
    view.data = data;
    view.at = data.at;
  }
  view.send = setTriggerValue;
  listening?.abort();
  const own = (listening = new AbortController());
  const { signal } = own;
  fit();
  document.addEventListener("keydown", (event) => press(view, event), { signal });
  window.addEventListener("resize", fit, { signal });
  return () => own.abort();
}
