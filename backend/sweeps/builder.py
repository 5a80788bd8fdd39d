"""A sweep's YAML from what was chosen."""

from collections.abc import Mapping, Sequence

import yaml

from backend import catalog


def known_data() -> dict[str, tuple[str, ...]]:
    """List the data sets that need no path.

    Returns
    -------
    dict of str to tuple of str
        Subjects of each; none where it has sentences.
    """
    sentences = {name: () for name, entry in catalog.datasets().items() if entry.file}
    stories = {name: tuple(entry.subjects) for name, entry in catalog.story_datasets().items()}
    return {**sentences, **stories}


def sweep_text(
    name: str,
    models: Sequence[str],
    compressions: Sequence[str],
    datasets: Sequence[str],
    subjects: Sequence[str],
    contexts: Sequence[int],
    seeds: int,
) -> str:
    """Write what was chosen as the file of a sweep.

    Parameters
    ----------
    name : str
    models, compressions, datasets : sequence of str
        A data set is a name, or a path.
    subjects : sequence of str
        Of each data set, those that it has; all where it has none of them.
    contexts : sequence of int
        In tokens.
    seeds : int
        How many.

    Returns
    -------
    str
        YAML.
    """
    content: Mapping[str, object] = {
        "name": name,
        "models": list(models),
        "compressions": list(compressions),
        "datasets": [_data(each, subjects) for each in datasets],
        "contexts": list(contexts),
        "seeds": list(range(seeds)),
    }
    text: str = yaml.safe_dump(content, sort_keys=False, default_flow_style=None, width=88)
    return text


def _data(name: str, subjects: Sequence[str]) -> object:
    own = [each for each in known_data().get(name, ()) if each in subjects]
    return {"dataset": name, "subjects": own} if own else name
