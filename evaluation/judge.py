"""A model's labels beside the gold ones: the only place where the two are brought together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from ..model.records import Article, LabelledSentence, Sentence
from ..model.scheme import Scheme
from .gold import GoldArticle


class Predictor(Protocol):
    """Labels given sentences: the labeller that users have, or a baseline."""

    @property
    def scheme(self) -> Scheme:
        """Whose labels it gives."""
        ...

    def label_sentences(self, article: Article, sentences: Sequence[Sentence]) -> tuple[LabelledSentence, ...]:
        """Label sentences of an article, one row each, in order."""
        ...


@dataclass(frozen=True, slots=True)
class Judged:
    """An article's gold rows and the rows predicted for the same sentences."""

    gold: GoldArticle
    predicted: tuple[LabelledSentence, ...]

    def __post_init__(self) -> None:
        if [row.sentence for row in self.gold.rows] != [row.sentence for row in self.predicted]:
            raise AssertionError(f"article {self.gold.article.id}: rows of other sentences than the gold's")


def judge(
    labeller: Predictor, gold: Sequence[GoldArticle], done: Callable[[int], None] = lambda n: None
) -> list[Judged]:
    """Label the sentences of gold articles.

    Args:
        labeller: the model.
        gold: the articles.
        done: told after each article how many are done.
    """
    judged = []
    for number, article in enumerate(gold, 1):
        predicted = [row for part in article.parts for row in labeller.label_sentences(*part)]
        judged.append(Judged(article, article.scored(predicted)))
        done(number)
    return judged
