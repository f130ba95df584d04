"""What a run did, in counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..model.labeller import LabelledArticle
from ..model.language import looks_english
from ..model.readers.settings import Failure


@dataclass(frozen=True, slots=True)
class Totals:
    """Counts of articles and sentences.

    Attributes:
        n_articles: labelled.
        n_failed: articles, rows and files that could not be read or labelled.
        n_sentences: labelled.
        n_boilerplate: sentences left out.
        n_truncated: tokens of over-long sentences that the model did not see.
        n_foreign: articles that do not look like English.
        n_abstained: sentences of a less probable label than asked for.
        speakers: sentences by speaker id.
        stances: sentences by stance id.
    """

    n_articles: int = 0
    n_failed: int = 0
    n_sentences: int = 0
    n_boilerplate: int = 0
    n_truncated: int = 0
    speakers: Mapping[str, int] = field(default_factory=dict)
    stances: Mapping[str, int] = field(default_factory=dict)
    n_foreign: int = 0
    n_abstained: int = 0

    def __add__(self, other: Totals) -> Totals:
        return Totals(
            self.n_articles + other.n_articles,
            self.n_failed + other.n_failed,
            self.n_sentences + other.n_sentences,
            self.n_boilerplate + other.n_boilerplate,
            self.n_truncated + other.n_truncated,
            dict(Counter(self.speakers) + Counter(other.speakers)),
            dict(Counter(self.stances) + Counter(other.stances)),
            self.n_foreign + other.n_foreign,
            self.n_abstained + other.n_abstained,
        )


def totals_of(outcome: LabelledArticle | Failure) -> Totals:
    """The counts of one outcome."""
    if isinstance(outcome, Failure):
        return Totals(n_failed=1)
    return Totals(
        n_articles=1,
        n_sentences=len(outcome.rows),
        n_boilerplate=n_boilerplate(outcome),
        n_truncated=outcome.n_truncated,
        speakers=dict(Counter(row.speaker for row in outcome.rows)),
        stances=dict(Counter(row.stance for row in outcome.rows)),
        n_foreign=int(not looks_english(outcome.article.text)),
        n_abstained=sum(bool(row.extra.get("abstained")) for row in outcome.rows),
    )


def n_boilerplate(article: LabelledArticle) -> int:
    """Sentences of an article that were left out; with `keep_boilerplate` none is."""
    labelled = {row.sentence for row in article.rows}
    return sum(sentence.sentence not in labelled for sentence in article.boilerplate)
