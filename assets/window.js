// Says when the window is not as wide as the server takes it to be: telephones and wide screens
// are drawn different figures.
const NARROW = matchMedia("(max-width: 640px)");

// Streamlit makes every write of the address a step of the back button. Only what somebody chose is
// one: else the button would lead back to an address that is filled in again at once, and nobody
// could leave the page by it.
function keepHistory() {
  if (globalThis.cortexscaleHistory) return;
  globalThis.cortexscaleHistory = true;
  let touched = false;
  for (const kind of ["pointerdown", "keydown"])
    document.addEventListener(kind, () => (touched = true), true);
  const push = history.pushState.bind(history);
  history.pushState = (state, title, url) => {
    const samePage = new URL(url ?? "", location.href).pathname === location.pathname;
    if (samePage && !touched) history.replaceState(state, title, url);
    else push(state, title, url);
    touched = false;
  };
}

export default function ({ data, setStateValue }) {
  keepHistory();
  const tell = () => {
    if (NARROW.matches !== data.narrow) setStateValue("narrow", NARROW.matches);
  };
  tell();
  NARROW.onchange = tell;
}
