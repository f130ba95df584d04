"""In what way a sentence tells its source: kinds of attribution, by which mistakes are sorted.

Found with the patterns of the baseline rule and the gold labels, so they are approximate: good enough to see where a
model's mistakes gather, not a measurement.
"""

from __future__ import annotations

from ..model.mentions import AliasMatcher
from ..model.scheme import Scheme
from .gold import GoldArticle
from .measure import OUTLET, label_of
from .rule import Reading, read_sentences
from .sources import DEFINITE, PRONOUN

#: In the order in which they are shown.
PHENOMENA = {
    "several sources": "two sources in one sentence",
    "source elsewhere": "the sentence is somebody's word, and names nobody: the source stands in another sentence",
    "pronoun source": "the source is a pronoun or a role (he, the ministry)",
    "direct quote": "most of it stands inside quotation marks",
    "indirect": "attributed outside quotation marks, by name",
    "narration": "the outlet's own word",
}


def phenomena(gold: GoldArticle, scheme: Scheme) -> list[tuple[str, ...]]:
    """The kinds of attribution of each row, at least one each.

    Args:
        gold: the article, with its gold labels.
        scheme: whose labels they are.
    """
    readings = read_sentences(gold.article, gold.sentences, AliasMatcher(scheme.speakers))
    return [
        _kinds(reading, label_of(row, "attributed", scheme) == OUTLET)
        for reading, row in zip(gold.scored(readings), gold.rows, strict=True)
    ]


def _kinds(reading: Reading, narrated: bool) -> tuple[str, ...]:
    named = [source for source in reading.sources if source is not None]
    distinct = {source.speaker if source.speaker is not None else source.text.casefold() for source in named}
    kinds = []
    if len(distinct) > 1:
        kinds.append("several sources")
    if narrated:
        return (*kinds, "narration")
    if not named and not reading.mentions and not reading.hedged:
        kinds.append("source elsewhere")
    if any(source.kind in (PRONOUN, DEFINITE) for source in named):
        kinds.append("pronoun source")
    if reading.is_quotation:
        kinds.append("direct quote")
    return tuple(kinds) if kinds else ("indirect",)
