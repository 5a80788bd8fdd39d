// Says when the window is not as wide as the server takes it to be: telephones and wide screens
// are drawn different figures.
const NARROW = matchMedia("(max-width: 640px)");

export default function ({ data, setStateValue }) {
  const tell = () => {
    if (NARROW.matches !== data.narrow) setStateValue("narrow", NARROW.matches);
  };
  tell();
  NARROW.onchange = tell;
}
