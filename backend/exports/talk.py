"""The pictures of a talk, as its stage shows them, and the list of its views."""

import io
from collections.abc import Sequence

import plotly.graph_objects as go

from backend.exports.files import IMAGE_FORMATS, PREFIX, Choice
from backend.figures.export import export_csv
from backend.figures.render import ImageFormat, Picture, render
from backend.figures.theme import GROUND
from backend.store.reader import ResultStore
from backend.views.files import write_views
from backend.views.slide import Slide, room, slide_of
from backend.views.view import View

_CSS_DPI = 96


def talk_files(
    views: Sequence[View], store: ResultStore, choice: Choice, title: str
) -> tuple[dict[str, bytes], list[str]]:
    """Write the picture of each step of a talk.

    Parameters
    ----------
    views : sequence of View
    store : ResultStore
    choice : Choice
        Its pictures' formats, its mode and its dpi; the size is the stage's.
    title : str
        Of the list.

    Returns
    -------
    files : dict of str to bytes
        By name, the number of the step first: pictures, the table of a step that is one, and
        ``talk.yaml``, the list itself with titles and notes.
    absent : list of str
        What there is no picture of, and why.

    Raises
    ------
    ExportError
        If pictures are asked for and no browser is there to render them, or it fails.
    """
    kinds = [kind for kind in IMAGE_FORMATS if kind in choice.formats]
    slides = [slide_of(view, store, choice.mode, *room(view)) for view in views]
    plotted = [
        (place, kind) for place, slide in enumerate(slides) if slide.figure for kind in kinds
    ]
    pictures = [_picture(slides[place], kind, choice) for place, kind in plotted]
    rendered = dict(zip(plotted, render(pictures) if pictures else [], strict=True))
    files, absent = dict[str, bytes](), list[str]()
    for place, (view, slide) in enumerate(zip(views, slides, strict=True)):
        name = f"{PREFIX}{place + 1}-{view.page}"
        files |= {
            f"{name}.{kind}": rendered[place, kind] for kind in kinds if (place, kind) in rendered
        }
        if slide.picture:
            files[f"{name}.png"] = slide.picture
        if slide.table is not None:
            files[f"{name}.csv"] = export_csv(slide.table, slide.caption)
        if slide.absent:
            absent.append(f"step {place + 1}: {slide.absent}")
    stream = io.StringIO()
    write_views(stream, title, views)
    files["talk.yaml"] = stream.getvalue().encode()
    return files, absent


def _picture(slide: Slide, kind: ImageFormat, choice: Choice) -> Picture:
    ground = GROUND[choice.mode]
    figure = go.Figure(slide.figure).update_layout(paper_bgcolor=ground, plot_bgcolor=ground)
    return Picture(figure, kind, choice.size.dpi / _CSS_DPI)
