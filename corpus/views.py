"""Articles of any collection in one form, so that the same measures apply to all of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..model.quotation import quotation_state
from ..model.records import LabelledSentence, Sentence
from ..train.examples import TrainingArticle, article_text
from ..train.polnear import OUTLET, SOMEBODY, read_polnear
from ..train.seeds import join_standoff

#: The speaker of a sentence whose source is known to be somebody, but not who.
UNNAMED = SOMEBODY


@dataclass(frozen=True, slots=True)
class View:
    """An article as the measures see it.

    Attributes:
        id: unique in its collection.
        sentences: in order, headlines included.
        speakers: one a sentence: `outlet`; a source's id; UNNAMED; None where it is not known whether there is one.
        quoted: shape (n_chars,), 1 inside quotation marks, by character of the article's text.
    """

    id: str
    sentences: tuple[Sentence, ...]
    speakers: tuple[str | None, ...]
    quoted: npt.NDArray[np.uint8]

    def quoted_share(self, sentence: Sentence) -> float:
        """Share of a sentence's characters that stand inside quotation marks, 0 to 1."""
        return float(self.quoted[sentence.start : sentence.end].mean())

    def outside(self, sentence: Sentence) -> str:
        """A sentence without what stands inside quotation marks."""
        inside = self.quoted[sentence.start : sentence.end]
        return "".join(" " if q else c for c, q in zip(sentence.text, inside, strict=True))


def of_rows(rows: Iterable[LabelledSentence], outlet: str) -> list[View]:
    """Views of labelled articles.

    Args:
        rows: an article's rows together, in order.
        outlet: the scheme's id of the outlet.
    """
    views = []
    for article, group in groupby(rows, key=lambda row: row.article):
        members = list(group)
        text, sentences = article_text(members)
        speakers = tuple(OUTLET if row.speaker == outlet else row.speaker for row in members)
        views.append(View(article, sentences, speakers, quotation_state(text)))
    return views


def real_views(labels: Sequence[Path], texts: Sequence[Path], outlet: str) -> list[View]:
    """Views of real articles, from stand-off labels and the texts they belong to.

    Raises:
        RowError: a text is missing, or is not the one that was labelled.
    """
    return [view for path in labels for view in of_rows(join_standoff(path, texts), outlet)]


def polnear_views(folder: Path) -> list[View]:
    """Views of one part of PolNeAR (`train` or `dev`); its sources are known by name within their article.

    Raises:
        RowError: the folder is none of PolNeAR's.
    """
    return [_of_training(article) for article in read_polnear(folder) if article.sentences]


def _of_training(article: TrainingArticle) -> View:
    speakers = tuple(target.speakers[0] if target.weight > 0 else None for target in article.targets)
    return View(article.id, article.sentences, speakers, quotation_state(article.text))
