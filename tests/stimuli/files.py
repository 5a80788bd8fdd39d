"""Transcripts as files, for several test modules."""

from pathlib import Path

from backend.paths import PROJECT

DATA = PROJECT.parent / "shared" / "data"
LPP = DATA / "lpp_en"
STORY = "Mary went home . She slept ."
Interval = tuple[float, float, str]


def long_textgrid(tiers: dict[str, list[Interval]]) -> str:
    """The long text format, as Praat writes it."""
    last = max(tier[-1][1] for tier in tiers.values())
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0 "]
    lines += [f"xmax = {last} ", "tiers? <exists> ", f"size = {len(tiers)} ", "item []: "]
    for number, (name, intervals) in enumerate(tiers.items(), 1):
        lines += [f"    item [{number}]:", '        class = "IntervalTier" ']
        lines += [f'        name = "{name}" ', "        xmin = 0 ", f"        xmax = {last} "]
        lines += [f"        intervals: size = {len(intervals)} "]
        for at, (start, end, label) in enumerate(intervals, 1):
            text = label.replace('"', '""')
            lines += [f"        intervals [{at}]:", f"            xmin = {start} "]
            lines += [f"            xmax = {end} ", f'            text = "{text}" ']
    return "\n".join(lines) + "\n"


def short_textgrid(tiers: dict[str, list[Interval]]) -> str:
    """The short text format, as Praat writes it."""
    last = max(tier[-1][1] for tier in tiers.values())
    lines = ['File type = "ooTextFile"', '"TextGrid"', "", "0", f"{last}", "<exists>"]
    lines += [f"{len(tiers)}"]
    for name, intervals in tiers.items():
        lines += ['"IntervalTier"', f'"{name}"', "0", f"{last}", f"{len(intervals)}"]
        for start, end, label in intervals:
            text = label.replace('"', '""')
            lines += [f"{start}", f"{end}", f'"{text}"']
    return "\n".join(lines) + "\n"


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def table(rows: list[tuple[object, ...]], header: str = "word,onset,offset") -> str:
    return "\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n"


def spoken(n: int, step: float = 0.5, length: float = 0.4) -> list[tuple[object, ...]]:
    """Rows of n words, one after the other."""
    return [(f"word{at}", round(at * step, 6), round(at * step + length, 6)) for at in range(n)]
