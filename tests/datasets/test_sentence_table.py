import numpy as np
import pytest

from backend.datasets import MAX_SENTENCES, column_names, read_sentence_table
from backend.errors import InputError
from tests.helpers import sentence_frame, write_table


def read(path, responses=("left_ifg",), group=None):
    return read_sentence_table(path, "sentence", responses, group)


def refused(path, **columns):
    with pytest.raises(InputError) as caught:
        read(path, **columns)
    return str(caught.value)


def test_reads_what_was_written(table):
    frame = sentence_frame()
    recording = read(table, ["left_ptl", "left_ifg"], "passage")
    assert recording.sentences.texts == tuple(frame["sentence"])
    assert recording.targets == ("left_ptl", "left_ifg")
    assert recording.responses.dtype == np.float32
    np.testing.assert_allclose(recording.responses, frame[["left_ptl", "left_ifg"]], rtol=1e-6)
    np.testing.assert_array_equal(recording.sentences.groups, np.repeat(np.arange(5), 8))


def test_groups_are_numbered_by_first_appearance(tmp_path):
    frame = sentence_frame().assign(passage=["z", "b"] * 20)
    groups = read(write_table(tmp_path / "t.csv", frame), group="passage").sentences.groups
    np.testing.assert_array_equal(groups, [0, 1] * 20)


def test_reads_tab_separated_files(tmp_path):
    path = tmp_path / "toy.tsv"
    frame = sentence_frame()
    frame["sentence"] += ", with a comma"
    frame.to_csv(path, sep="\t", index=False)
    assert read(path).sentences.texts == tuple(frame["sentence"])


def test_reads_a_byte_order_mark_windows_line_ends_and_quoted_commas(tmp_path):
    frame = sentence_frame().assign(sentence=lambda f: f["sentence"] + ', she said: "no"')
    path = tmp_path / "windows.csv"
    frame.to_csv(path, index=False, encoding="utf-8-sig", lineterminator="\r\n")
    assert column_names(path)[0] == "sentence"
    assert read(path).sentences.texts == tuple(frame["sentence"])


@pytest.mark.parametrize("word", ["None", "NA", "null", "nan"])
def test_a_sentence_that_looks_like_a_missing_value_is_a_sentence(tmp_path, word):
    frame = sentence_frame()
    frame.loc[3, "sentence"] = word
    assert read(write_table(tmp_path / "t.csv", frame)).sentences.texts[3] == word


def test_column_names_are_those_of_the_header(table):
    assert column_names(table) == ["sentence", "left_ifg", "left_ptl", "passage"]


def test_missing_column_is_named_with_those_there_are(table):
    message = refused(table, responses=["right_ifg"])
    assert "no column 'right_ifg'" in message
    assert "sentence, left_ifg, left_ptl, passage" in message


def test_one_column_in_two_roles_is_refused(table):
    assert "more than once" in refused(table, responses=["left_ifg", "left_ifg"])


@pytest.mark.parametrize("cell", ["", "NaN", "n/a", "NULL"])
def test_missing_responses_are_refused_by_row(tmp_path, cell):
    frame = sentence_frame().astype({"left_ifg": object})
    frame.loc[[4, 9], "left_ifg"] = cell
    message = refused(write_table(tmp_path / "t.csv", frame))
    assert "missing (NaN) in rows 6, 11 (the header is row 1)" in message


@pytest.mark.parametrize("cell", ["high", "1,5", "inf", "-Infinity", "1e999"])
def test_responses_that_are_not_finite_numbers_are_refused_by_row(tmp_path, cell):
    frame = sentence_frame().astype({"left_ifg": object})
    frame.loc[0, "left_ifg"] = cell
    message = refused(write_table(tmp_path / "t.csv", frame))
    assert f"holds {cell!r} in row 2 " in message


def test_many_bad_rows_are_counted_rather_than_listed(tmp_path):
    frame = sentence_frame().astype({"left_ifg": object})
    frame["left_ifg"] = "?"
    assert "in rows 2, 3, 4, 5, 6 and 35 more" in refused(write_table(tmp_path / "t.csv", frame))


def test_constant_response_is_refused(tmp_path):
    path = write_table(tmp_path / "t.csv", sentence_frame().assign(left_ifg=1e6))
    assert "'left_ifg' is constant (1e+06 in every row)" in refused(path)


def test_response_constant_in_32_bits_is_refused(tmp_path):
    frame = sentence_frame()
    frame["left_ifg"] = 1e6 + 1e-3 * frame["left_ptl"]
    assert "is constant" in refused(write_table(tmp_path / "t.csv", frame))


@pytest.mark.parametrize("blank", ["", "   "])
def test_blank_sentence_is_refused_by_row(tmp_path, blank):
    frame = sentence_frame()
    frame.loc[7, "sentence"] = blank
    assert "'sentence' is blank in row 9 " in refused(write_table(tmp_path / "t.csv", frame))


def test_blank_group_is_refused_by_row(tmp_path):
    frame = sentence_frame()
    frame.loc[7, "passage"] = ""
    path = write_table(tmp_path / "t.csv", frame)
    assert "'passage' is blank in row 9 " in refused(path, group="passage")


def test_one_group_is_refused(tmp_path):
    path = write_table(tmp_path / "t.csv", sentence_frame(n_groups=1))
    assert "holds one group ('passage 0')" in refused(path, group="passage")


def test_fewer_than_twenty_rows_are_refused(tmp_path):
    assert "has 19 rows; at least 20" in refused(
        write_table(tmp_path / "t.csv", sentence_frame(19))
    )


def test_twenty_rows_are_enough(tmp_path):
    assert len(read(write_table(tmp_path / "t.csv", sentence_frame(20))).sentences) == 20


def test_more_than_five_thousand_rows_are_refused(tmp_path):
    path = tmp_path / "long.csv"
    rows = "\n".join(f"sentence {index},{index % 7}" for index in range(MAX_SENTENCES + 1))
    path.write_text(f"sentence,left_ifg\n{rows}\n")
    assert "5,001 rows; up to 5,000" in refused(path)


def test_a_row_with_more_cells_than_the_header_is_refused(tmp_path):
    path = write_table(tmp_path / "t.csv")
    path.write_text(path.read_text() + "one,2,3,passage 9,more\n")
    assert "not a regular table" in refused(path)


def test_unquoted_commas_in_every_sentence_do_not_cut_the_sentences(tmp_path):
    path = tmp_path / "t.csv"
    rows = [f"{index},word, and {index} more" for index in range(30)]
    path.write_text("\n".join(["left_ifg,sentence", *rows]))
    message = refused(path)
    assert "row 2 has more cells than the header" in message
    assert "double quotes" in message


def test_a_row_with_fewer_cells_lacks_a_response(tmp_path):
    path = write_table(tmp_path / "t.csv", sentence_frame()[["sentence", "left_ifg"]])
    path.write_text(path.read_text() + "a sentence alone\n")
    assert "missing (NaN) in row 42" in refused(path)


def test_open_quote_is_refused(tmp_path):
    path = write_table(tmp_path / "t.csv")
    path.write_text(path.read_text() + '"a quote without an end,1,2,passage 9\n')
    assert "not a regular table" in refused(path)


@pytest.mark.parametrize("content", [b"", b" \n\n", b"\xef\xbb\xbf"], ids=["none", "blank", "bom"])
def test_empty_file_is_refused(tmp_path, content):
    path = tmp_path / "empty.csv"
    path.write_bytes(content)
    assert "empty.csv is empty" in refused(path)


def test_latin_1_is_refused_by_byte_and_line(tmp_path):
    path = write_table(tmp_path / "t.csv")
    path.write_bytes(path.read_bytes() + "café,1,2,p\n".encode("latin-1"))
    message = refused(path)
    assert "not UTF-8 text: byte 0xe9 in line 42" in message
    assert "iconv" in message


def test_nul_bytes_are_refused(tmp_path):
    path = write_table(tmp_path / "t.csv")
    path.write_bytes(path.read_bytes() + b"\x00")
    assert "NUL bytes" in refused(path)


def test_a_file_that_is_too_large_is_refused_by_size(tmp_path):
    path = tmp_path / "large.csv"
    with path.open("wb") as file:
        file.truncate(50_000_000)
    assert "50.0 MB; sentence tables of up to 20 MB" in refused(path)


def test_missing_file_and_folder_are_told_apart(tmp_path):
    assert "no such file" in refused(tmp_path / "nowhere.csv")
    assert "is a folder" in refused(tmp_path)
