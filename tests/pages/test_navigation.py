from tests.helpers import run_python

# In a process of its own: pages imported outside a script are no use to the scripts of other tests.
CODE = """
from pages.shared.navigation import PAGES, own_pages
first, second = own_pages(), own_pages()
ids = {id(page) for page in (*first, *second, *PAGES)}
print(len(ids) == 3 * len(PAGES), end="")
"""


def test_two_sessions_that_draw_at_once_share_no_page():
    assert run_python(CODE) == "True"
