"""The data of a recipe: read, checked, split by article, and told about before any long work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..model.errors import RowError
from ..model.rowfiles import read_rows
from ..model.scheme import Scheme
from .examples import TrainingArticle, from_rows
from .polnear import read_polnear
from .seeds import join_standoff, load_authored
from .settings import Data, TrainSettings


@dataclass(frozen=True, slots=True)
class Split:
    """Articles to learn from and articles to choose by; no article, and no identical text, is in both."""

    train: tuple[TrainingArticle, ...]
    validation: tuple[TrainingArticle, ...]
    notes: tuple[str, ...]


def load(data: Data, scheme: Scheme) -> list[TrainingArticle]:
    """All articles of a recipe's collections.

    Raises:
        RowError: nothing to read, a file is wrong, or a label is not in the scheme.
    """
    articles: list[TrainingArticle] = []
    for folder in data.authored:
        authored = load_authored(folder, scheme)
        articles += [replace(a, origin="authored") for x in authored for a in from_rows(x.rows, "authored")]
    for standoff in data.standoff:
        joined = from_rows(join_standoff(standoff.labels, [standoff.texts]), "standoff")
        articles += [
            replace(a, targets=tuple(replace(t, weight=t.weight * standoff.weight) for t in a.targets)) for a in joined
        ]
    for path in data.rows:
        rows = list(read_rows(path))
        for number, row in enumerate(rows):
            scheme.check_labels(row.speaker, row.stance, f"{path}, row {number + 1}")
        articles += from_rows(rows, f"rows:{path.name}")
    if data.polnear is not None:
        articles += list(read_polnear(data.polnear))
    if not articles:
        raise RowError(
            "nothing to learn from", expected="`data` in the recipe, or --data FILE", found="no labelled rows"
        )
    _check_ids(articles)
    return articles


def _check_ids(articles: Sequence[TrainingArticle]) -> None:
    twice = [key for key, n in Counter((a.origin, a.id) for a in articles).items() if n > 1]
    if twice:
        raise RowError(f"article ids used twice: {twice[:5]}", expected="one id an article in each collection")


def split(articles: Sequence[TrainingArticle], settings: TrainSettings) -> Split:
    """Hold out whole articles of the study for validation; PolNeAR, which has labels of another kind, only teaches.

    Held-out articles are drawn from each collection in proportion. A training article with the text of a held-out one
    is dropped, and said.

    Raises:
        RowError: a share is asked for that leaves nothing on one side.
    """
    rng = np.random.default_rng(settings.split_seed)
    by_origin: dict[str, list[TrainingArticle]] = {}
    for article in articles:
        by_origin.setdefault(article.origin, []).append(article)
    train: list[TrainingArticle] = []
    validation: list[TrainingArticle] = []
    for origin, members in by_origin.items():
        n_held = 0 if origin == "polnear" else round(settings.validation_share * len(members))
        held = set(rng.permutation(len(members))[:n_held].tolist())
        train += [a for i, a in enumerate(members) if i not in held]
        validation += [a for i, a in enumerate(members) if i in held]
    texts = {_normal(a.text) for a in validation}
    kept = [a for a in train if _normal(a.text) not in texts]
    notes = (
        [f"{len(train) - len(kept)} training articles dropped: the same text is held out"]
        if len(kept) < len(train)
        else []
    )
    if not kept or (settings.validation_share > 0 and not validation):
        raise RowError(
            "too few articles to hold some out",
            expected=f"articles enough for a validation share of {settings.validation_share}",
            found=f"{len(articles)} articles",
            hint="label more articles, or set validation_share: 0 and a fixed number of epochs",
        )
    return Split(tuple(kept), tuple(validation), tuple(notes))


def _normal(text: str) -> str:
    return " ".join(text.casefold().split())


def weighted(articles: Sequence[TrainingArticle], settings: TrainSettings) -> list[TrainingArticle]:
    """The articles with their sentences' weights: rare speakers more, PolNeAR less, by the recipe."""
    counts: Counter[str] = Counter(
        t.speakers[0] for a in articles if not a.voices for t in a.targets if len(t.speakers) == 1 and t.weight > 0
    )
    mean = sum(counts.values()) / len(counts) if counts else 1.0
    factor = {speaker: (mean / n) ** settings.class_weight for speaker, n in counts.items()}
    out = []
    for article in articles:
        if article.origin == "polnear":
            targets = tuple(replace(t, weight=t.weight * settings.polnear_weight) for t in article.targets)
        else:
            targets = tuple(
                replace(t, weight=t.weight * factor.get(t.speakers[0], 1.0)) if t.speakers else t
                for t in article.targets
            )
        out.append(replace(article, targets=targets))
    return out


def describe(split_data: Split) -> str:
    """What was read, in a few lines a researcher can check."""
    lines = []
    for name, articles in (("train", split_data.train), ("validation", split_data.validation)):
        for origin in dict.fromkeys(a.origin for a in articles):
            members = [a for a in articles if a.origin == origin]
            speakers = Counter(t.speakers[0] for a in members for t in a.targets if len(t.speakers) == 1)
            stances = Counter(t.stance for a in members for t in a.targets if t.stance is not None)
            n_sentences = sum(len(a.sentences) for a in members)
            labels = "" if origin == "polnear" else "; " + ", ".join(f"{k} {n}" for k, n in speakers.most_common())
            lines.append(
                f"{name:10s} {origin}: {len(members)} articles, {n_sentences} sentences{labels}; "
                + ", ".join(f"{k} {n}" for k, n in stances.most_common())
            )
    return "\n".join([*lines, *split_data.notes])


def relative_to(data: Data, root: Path) -> Data:
    """The same data with relative paths taken from `root`."""
    return Data(
        authored=tuple(root / p for p in data.authored),
        standoff=tuple(
            s.model_copy(update={"labels": root / s.labels, "texts": root / s.texts}) for s in data.standoff
        ),
        polnear=None if data.polnear is None else root / data.polnear,
        rows=tuple(root / p for p in data.rows),
    )
