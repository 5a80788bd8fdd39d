import pytest

from backend.errors import InputError
from backend.views.view import PAGES, View

PARAMETERS = {"data": ("toy",), "models": ("a b", "c&d=é"), "pin": ("data=toy&roi=x",)}


@pytest.mark.parametrize("page", PAGES)
def test_a_link_gives_back_the_view(page):
    view = View(page=page, parameters=PARAMETERS)
    assert View.from_link(view.link()) == view
    assert View.from_link(f"http://host:8501{view.link()}") == view
    assert View.from_link(f"https://host/lab/app{view.link()}") == view


def test_the_first_page_has_no_name_in_its_address():
    assert View(page="overview").link() == "/"
    assert View.from_link("/") == View.from_link("") == View(page="overview")


def test_empty_values_are_left_out_and_single_ones_are_a_list_of_one():
    view = View(page="layers", parameters={"data": "toy", "models": [], "roi": "", "margin": 0.02,
                                           "shuffled": True, "talk": 1})  # fmt: skip
    assert view.parameters == {
        "data": ("toy",), "margin": ("0.02",), "shuffled": ("true",), "talk": ("1",),
    }  # fmt: skip


def test_views_can_be_compared_and_kept_in_sets():
    one, two = (View(page="layers", parameters=PARAMETERS) for _ in range(2))
    assert {one, two} == {one}
    assert one != View(page="scale", parameters=PARAMETERS)


@pytest.mark.parametrize(
    "url",
    [
        "/nowhere?data=toy", "javascript:alert(1)", "http://[::1", "/layers?<script>=1",
        "/layers?data=%00", "/layers?data=" + "x" * 5000,
        "/layers?" + "&".join(f"k{n}=1" for n in range(100)),
    ],
)  # fmt: skip
def test_what_is_no_link_to_a_view_is_refused(url):
    with pytest.raises(InputError) as refused:
        View.from_link(url)
    assert len(str(refused.value)) < 500


def test_a_view_is_closed_to_unknown_fields():
    with pytest.raises(ValueError, match="extra"):
        View(page="layers", zoom=2)
