"""References that BibTeX can read."""

import re

import pytest

from backend import catalog
from backend.errors import InputError
from backend.exports.bibtex import bibtex, cited_in, latex

FIELD = re.compile(r"^  (\w+) = \{(.*)\},$")


def parse(text: str) -> dict[str, dict[str, str]]:
    """Read BibTeX entries with one field a line, and refuse anything else."""
    entries: dict[str, dict[str, str]] = {}
    for block in text.strip().split("\n\n"):
        first, *lines, last = block.split("\n")
        head = re.fullmatch(r"@(article|inproceedings|misc)\{([a-z0-9-]+),", first)
        assert head, first
        assert last == "}"
        fields = [FIELD.match(line) for line in lines]
        assert all(fields), block
        assert head[2] not in entries
        entries[head[2]] = {"kind": head[1], **{f[1]: f[2] for f in fields if f}}
    return entries


def depths(value: str) -> list[int]:
    """How deep in braces each place of a value is; an escaped brace is a letter."""
    found, depth = [], 0
    for brace in re.findall(r"\\.|[{}]", value):
        depth += {"{": 1, "}": -1}.get(brace, 0)
        found.append(depth)
    return [*found, depth]


@pytest.fixture(scope="module")
def entries() -> dict[str, dict[str, str]]:
    return parse(bibtex(catalog.citations()))


def test_every_citation_of_the_catalogue_is_an_entry(entries: dict[str, dict[str, str]]) -> None:
    assert list(entries) == sorted(catalog.citations())


def test_entries_have_what_their_kind_needs(entries: dict[str, dict[str, str]]) -> None:
    needed = {"article": {"journal"}, "inproceedings": {"booktitle"}, "misc": set()}
    for key, fields in entries.items():
        missing = {"author", "title", "year", *needed[fields["kind"]]} - set(fields)
        assert not missing, key
        assert re.fullmatch(r"\d{4}", fields["year"])


def test_braces_are_balanced_and_all_is_ascii(entries: dict[str, dict[str, str]]) -> None:
    for key, fields in entries.items():
        for name, value in fields.items():
            assert value.isascii(), (key, name, value)
            assert min(depths(value)) >= 0
            assert depths(value)[-1] == 0


def test_nothing_that_latex_would_act_on_is_left(entries: dict[str, dict[str, str]]) -> None:
    for fields in entries.values():
        for name in ("author", "title", "journal", "booktitle", "note"):
            assert not re.search(r"(?<!\\)[&%$#_]", fields.get(name, ""))


def test_fields_hold_what_the_catalogue_says(entries: dict[str, dict[str, str]]) -> None:
    banded = entries["dupre2022"]
    assert banded["kind"] == "article"
    assert banded["author"].startswith(r"Dupr{\'e} la Tour, Tom and Eickenberg, Michael and")
    assert banded["journal"] == "NeuroImage"
    assert (banded["volume"], banded["pages"]) == ("264", "119728")
    gptq = entries["frantar2023gptq"]
    assert gptq["eprint"] == "2210.17323"
    assert gptq["archiveprefix"] == "arXiv"
    assert gptq["title"].startswith("{GPTQ:} {Accurate} post-training")
    assert entries["benjamini1995"]["pages"] == "289--300"
    assert entries["qwen2024"]["author"] == "{Qwen Team}"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("50% of A_b & {c} #1 $x^2~", r"50\% of A\_b \& \{c\} \#1 \$x\textasciicircum{}2"
         r"\textasciitilde{}"),
        ("Kydlíček, Blázquez, Müller, Ångström, Çelik",
         r"""Kydl{\'i}{\v{c}}ek, Bl{\'a}zquez, M{\"u}ller, {\r{A}}ngstr{\"o}m, {\c{C}}elik"""),
        ("646–656", "646--656"),
        (r"a\b", r"a\textbackslash{}b"),
    ],
)  # fmt: skip
def test_letters_that_latex_cannot_take_are_written_for_it(text: str, written: str) -> None:
    assert latex(text) == written


def test_the_same_keys_give_the_same_file_in_any_order() -> None:
    assert bibtex(["sun2024", "lin2024", "sun2024"]) == bibtex(["lin2024", "sun2024"])


def test_an_unknown_key_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="no citation 'nobody1900' in the catalogue"):
        bibtex(["nobody1900"])


def test_citations_in_captions_are_found() -> None:
    text = catalog.citations()["pereira2018"].text
    assert cited_in([f"Something. Source: {text}."]) == {"pereira2018"}
    assert cited_in(["Something else."]) == set()
