import io
import threading

import pytest
import yaml

from backend.errors import InputError, StoreError
from backend.views.files import MOST_BYTES, read_views, write_views
from backend.views.saved import FILE, delete_view, rename_view, save_view, saved_views
from backend.views.view import View
from tests.helpers import leftovers

VIEWS = [
    View(page="layers", title="Ärger: [x] & <b>", note="two\nlines", parameters={"data": "toy"}),
    View(page="overview", parameters={"models": ["a", "b"], "shuffled": "true", "layers": "1-3"}),
]


def test_a_file_gives_back_the_views(tmp_path):
    path = tmp_path / "talk.yaml"
    write_views(path, "A talk", VIEWS)
    read = read_views(path)
    assert (read.title, list(read.views)) == ("A talk", VIEWS)
    assert not leftovers(tmp_path)


def test_a_stream_does_as_well():
    stream = io.StringIO()
    write_views(stream, "A talk", VIEWS)
    assert list(read_views(io.StringIO(stream.getvalue())).views) == VIEWS
    assert list(read_views(io.BytesIO(stream.getvalue().encode())).views) == VIEWS


def test_a_file_may_be_written_by_hand():
    text = "version: 1\nviews:\n- page: layers\n  parameters: {shuffled: true, models: [a, b]}\n"
    (view,) = read_views(io.StringIO(text)).views
    assert view.parameters == {"shuffled": ("true",), "models": ("a", "b")}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("version: 2\nviews: []\n", "is of version 2.*Open it with a newer one"),
        ("views: []\n", "does not begin with `version: 1`"),
        ("version: true\n", "it says True"),
        ("", "holds no list of views"),
        ("- 1\n", "holds no list of views"),
        ("version: 1\nzoom: 3\n", "zoom: Extra inputs"),
        ("version: 1\nviews: [{page: nowhere}]\n", r"views.0.page: Input should be 'overview'"),
        ("version: 1\nviews: [{}]\n", r"views.0.page: Field required \(nothing was given\)"),
        ("version: 1\nviews: [{page: layers, parameters: {a: {b: c}}}]\n", "parameters.a"),
        ("version: 1\nviews: [{page: layers, parameters: {'<b>': x}}]\n", "parameters.<b>"),
        ("version: 1\ntitle: !!python/object/apply:os.system ['true']\n", "could not determine"),
        ("a: &a [x]\nb: [*a, *a]\n", "aliases"),
        ("[" * 100_000, "not a list of views in YAML"),
        ("version: 1\ntitle: [\n", "not a list of views in YAML"),
        ("version: 1\ntitle: 2026-13-45\n", "is no(t a)? list of views"),
        ("#" * (MOST_BYTES + 1), "larger than 1,000,000 bytes"),
        (b"\xff\xfe\x00", "not UTF-8"),
    ],
)
def test_what_is_no_list_of_views_is_refused_in_one_line(text, reason):
    stream = io.StringIO(text) if isinstance(text, str) else io.BytesIO(text)
    with pytest.raises(InputError, match=reason) as refused:
        read_views(stream)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 500


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match=r"gone\.yaml cannot be read: No such file"):
        read_views(tmp_path / "gone.yaml")


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match=r"views\.yaml cannot be written to file/"):
        write_views(tmp_path / "file" / "views.yaml", "", VIEWS)


# Saved views


def named(title):
    return View(page="layers", title=title, parameters={"data": "toy"})


def test_views_are_saved_renamed_and_deleted(tmp_path):
    store = tmp_path / "store"
    assert saved_views(store) == ()
    for title in ("one", "two"):
        save_view(store, named(title))
    rename_view(store, "one", "first")
    assert saved_views(store) == (named("first"), named("two"))
    delete_view(store, "first")
    delete_view(store, "first")
    assert saved_views(store) == (named("two"),)
    assert yaml.safe_load((store / FILE).read_text())["version"] == 1


def test_a_name_is_taken_once(tmp_path):
    save_view(tmp_path, named("one"))
    save_view(tmp_path, named("two"))
    with pytest.raises(InputError, match="'one' is there already"):
        save_view(tmp_path, named("one"))
    with pytest.raises(InputError, match="is there already"):
        rename_view(tmp_path, "two", "one")
    rename_view(tmp_path, "two", "two")
    with pytest.raises(InputError, match="needs a name"):
        save_view(tmp_path, named("  "))
    with pytest.raises(InputError, match="any more"):
        rename_view(tmp_path, "gone", "new")
    assert [view.title for view in saved_views(tmp_path)] == ["one", "two"]


def test_tabs_that_save_at_once_lose_nothing(tmp_path):
    titles = [f"view {number}" for number in range(16)]
    tabs = [threading.Thread(target=save_view, args=(tmp_path, named(title))) for title in titles]
    for tab in tabs:
        tab.start()
    for tab in tabs:
        tab.join()
    assert sorted(view.title for view in saved_views(tmp_path)) == sorted(titles)


def test_a_damaged_file_is_never_written_over(tmp_path):
    (tmp_path / FILE).write_text("version: 7\n")
    with pytest.raises(InputError, match="version 7"):
        save_view(tmp_path, named("one"))
    assert (tmp_path / FILE).read_text() == "version: 7\n"
