"""Wrong sentences, gathered to be read: in their context, with what the model saw."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..formats.context import around
from ..model.records import Evidence, LabelledSentence
from ..model.scheme import Scheme
from .judge import Judged
from .label_errors import Suspect, suspects
from .measure import label_of
from .phenomena import phenomena


@dataclass(frozen=True, slots=True)
class Mistake:
    """A sentence with a wrong label.

    Attributes:
        gold: its gold row.
        predicted: the model's row.
        collection: name of the gold that it came from.
        confusion: what was taken for what, `gold → predicted`.
        kinds: in what way it tells its source (see `phenomena`).
        confidence: probability of the wrong label, of the surer one if both are wrong, 0 to 1; None if unknown.
        before: text before it in the article.
        after: text after it.
        suspects: gold labels of it that are probably wrong.
    """

    gold: LabelledSentence
    predicted: LabelledSentence
    collection: str
    confusion: str
    kinds: tuple[str, ...]
    confidence: float | None
    before: str
    after: str
    suspects: tuple[Suspect, ...]

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """What the model read its labels from."""
        return () if self.predicted.evidence is None else self.predicted.evidence


@dataclass(frozen=True, slots=True)
class Mistakes:
    """All wrong sentences of an evaluation.

    Attributes:
        wrong: most confident first.
        n_sentences: scored.
        n_of_kind: sentences of each kind of attribution, wrong or not; a sentence can be of several.
    """

    wrong: tuple[Mistake, ...]
    n_sentences: int
    n_of_kind: Mapping[str, int]

    def by_confusion(self) -> dict[str, list[Mistake]]:
        """Mistakes by what was taken for what, the most frequent confusion first."""
        groups: dict[str, list[Mistake]] = {}
        for mistake in self.wrong:
            groups.setdefault(mistake.confusion, []).append(mistake)
        return dict(sorted(groups.items(), key=lambda item: -len(item[1])))

    def n_wrong(self, kind: str) -> int:
        """Mistakes of a kind of attribution."""
        return sum(kind in mistake.kinds for mistake in self.wrong)


def mistakes(judged: Sequence[Judged], scheme: Scheme) -> Mistakes:
    """The wrong sentences.

    Where gold names no speakers, a speaker is wrong only if it is the outlet for a source or the other way about.
    """
    marked = suspects(judged, scheme)
    found = []
    n_of_kind: Counter[str] = Counter()
    for i, j in enumerate(judged):
        heads = ("speaker", "stance") if j.gold.knows_speakers else ("attributed", "stance")
        kinds = phenomena(j.gold, scheme)
        n_of_kind.update(kind for of_sentence in kinds for kind in of_sentence)
        for k, (gold, row) in enumerate(zip(j.gold.rows, j.predicted, strict=True)):
            given, said = (tuple(label_of(r, head, scheme) for head in heads) for r in (gold, row))
            if given == said:
                continue
            before, after = around(gold, j.gold.read)
            p = (row.speaker_p, row.stance_p)
            sure = [x for x, a, b in zip(p, given, said, strict=True) if a != b and x is not None]
            mistake = Mistake(
                gold=gold,
                predicted=row,
                collection=j.gold.gold,
                confusion=f"{'/'.join(given)} → {'/'.join(said)}",
                kinds=kinds[k],
                confidence=max(sure) if sure else None,
                before=before,
                after=after,
                suspects=tuple(marked.get((i, k), ())),
            )
            found.append(mistake)
    found.sort(key=lambda m: -1.0 if m.confidence is None else m.confidence, reverse=True)
    return Mistakes(tuple(found), sum(len(j.predicted) for j in judged), n_of_kind)
