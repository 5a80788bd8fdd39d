// The keys that presenters and their clickers use.
const STEPS = { ArrowRight: 1, PageDown: 1, ArrowLeft: -1, PageUp: -1 };
const TYPING = "input, textarea, select, [contenteditable], [role=slider], [role=combobox]";
const STAGE = ".st-key-stage";
// Milliseconds after which a press that no step answered is given up.
const PATIENCE = 20000;

function target(key, at, n) {
  if (key === "Home") return 1;
  if (key === "End") return n;
  if (!(key in STEPS)) return null;
  // What is not in the list stands before it.
  return Math.min(Math.max((at || 0) + STEPS[key], 1), n);
}

function press(talk, event) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return;
  if (event.composedPath().some((node) => node.matches?.(TYPING))) return;
  if (!document.querySelector(STAGE)) return;
  if (event.key === "Escape") {
    talk.send("pressed", "leave");
    return;
  }
  const step = target(event.key, talk.at, talk.data.n);
  if (step === null) return;
  event.preventDefault();
  if (step === talk.at) return;
  // Kept here: two presses in a row go two steps on, however long a step takes to draw.
  talk.at = step;
  talk.wanted = step;
  talk.since = Date.now();
  talk.send("pressed", step);
}

// One for the document, however often the component is mounted: a key is one press, and is heard
// for as long as there is a stage.
function shared() {
  if (!globalThis.cortexscaleTalk) {
    const talk = (globalThis.cortexscaleTalk = {});
    document.addEventListener("keydown", (event) => press(talk, event));
  }
  return globalThis.cortexscaleTalk;
}

export default function ({ data, setTriggerValue }) {
  const talk = shared();
  if (talk.data !== data) {
    talk.data = data;
    // What is still being drawn for an earlier press does not undo a later one.
    const settled = talk.wanted === undefined || talk.wanted === data.at;
    if (settled || Date.now() - talk.since > PATIENCE) {
      talk.at = data.at;
      talk.wanted = undefined;
    }
  }
  talk.send = setTriggerValue;
}
