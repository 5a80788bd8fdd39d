"""What is wrong with a page's looks, found in its own boxes and colours: no pixels compared."""

from pathlib import Path

from playwright.sync_api import Page

_HERE = Path(__file__).parent
# What is read by moving it within its own box, not clipped.
SCROLLED = (
    "[data-testid=stCode]",
    "[data-testid=stDataFrame]",
    "table",
)


def flaws_of_layout(page: Page) -> list[str]:
    """Find clipped words, words and widgets on one another, and what leaves the window.

    Parameters
    ----------
    page : playwright.sync_api.Page
        As it stands.

    Returns
    -------
    list of str
        A line each, with the words concerned.
    """
    return list(page.evaluate((_HERE / "layout.js").read_text(), list(SCROLLED)))


def flaws_of_contrast(page: Page) -> list[str]:
    """Find words whose contrast with what they stand on is below WCAG 2's level AA.

    Parameters
    ----------
    page : playwright.sync_api.Page

    Returns
    -------
    list of str
        The contrast and the words.
    """
    return list(page.evaluate((_HERE / "contrast.js").read_text()))


def pictures_without_words(page: Page) -> list[str]:
    """Find pictures that a screen reader would pass over though they are no ornament.

    Parameters
    ----------
    page : playwright.sync_api.Page

    Returns
    -------
    list of str
        The beginning of the markup of each.
    """
    return list(
        page.evaluate(
            """() => [...document.querySelectorAll('[data-testid=stMain] img, .js-plotly-plot')]
              .filter((each) => !each.closest('[aria-hidden=true]'))
              .filter((each) => !each.closest('[aria-label]') && !each.alt)
              .map((each) => each.outerHTML.slice(0, 160))"""
        )
    )
