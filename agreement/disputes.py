"""Sentences on which coders disagree: in their context, as tasks for whoever settles them, and settled.

A settled set of labels takes what all coders of a sentence said where they agree, and the adjudicator's answer where
they do not. Sentences that nobody settled are named, never guessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..formats.context import around
from ..model.errors import RowError
from ..model.records import LabelledSentence
from ..model.scheme import Scheme
from .coding import Coding


@dataclass(frozen=True, slots=True)
class Dispute:
    """One disputed sentence.

    Attributes:
        row: the sentence; its labels are the first coder's.
        said: (speaker, stance) of each coder, None where he or she did not label it.
        before: text of the sentences before it in the article.
        after: text of the sentence after it.
    """

    row: LabelledSentence
    said: tuple[tuple[str, str] | None, ...]
    before: str
    after: str

    @property
    def kinds(self) -> tuple[str, ...]:
        """What the coders said, each pair of labels once, in the order of the coders."""
        return tuple(dict.fromkeys(f"{pair[0]}/{pair[1]}" for pair in self.said if pair is not None))


@dataclass(frozen=True, slots=True)
class Settled:
    """Labels that everybody or the adjudicator stands by.

    Attributes:
        rows: gold rows; their column `settled` is `agreed`, `adjudicated` or `single` (one coder only).
        open: disputed sentences without an answer.
    """

    rows: tuple[LabelledSentence, ...]
    open: tuple[Dispute, ...]


def disputes(coding: Coding) -> list[Dispute]:
    """The sentences that two coders labelled differently, the most frequent kind of difference first."""
    places: dict[str, list[LabelledSentence]] = {}
    for row in coding.units:
        places.setdefault(row.article, []).append(row)
    found = []
    for unit, row in enumerate(coding.units):
        pairs = tuple(zip(coding.said("speaker", unit), coding.said("stance", unit), strict=True))
        said = tuple((a, b) if a is not None and b is not None else None for a, b in pairs)
        if len({pair for pair in said if pair is not None}) > 1:
            before, after = around(row, places[row.article])
            found.append(Dispute(row, said, before, after))
    frequency: dict[tuple[str, ...], int] = {}
    for dispute in found:
        frequency[dispute.kinds] = frequency.get(dispute.kinds, 0) + 1
    return sorted(found, key=lambda dispute: (-frequency[dispute.kinds], dispute.kinds))


def tasks(found: Sequence[Dispute], coders: Sequence[str]) -> list[LabelledSentence]:
    """Disputed sentences as rows without labels, for any format; columns say what each coder said."""
    rows = []
    for dispute in found:
        extra = dict(dispute.row.extra)
        for i, (name, pair) in enumerate(zip(coders, dispute.said, strict=True), 1):
            extra[f"coder_{i}"] = name
            extra[f"speaker_{i}"], extra[f"stance_{i}"] = ("", "") if pair is None else pair
        extra |= {"before": dispute.before, "after": dispute.after}
        rows.append(replace(dispute.row.with_labels("", ""), extra=extra))
    return rows


def resolve(coding: Coding, answers: Sequence[LabelledSentence], scheme: Scheme | None = None) -> Settled:
    """Fold the adjudicator's answers in.

    Args:
        coding: what the coders said.
        answers: the tasks with labels; those still without one stay open.
        scheme: the labels of the study; None: unchecked.

    Raises:
        RowError: an answer is to no disputed sentence or to one of another text, or two answers differ.
        SchemeError: an answer's label is not of the scheme.
    """
    found = {dispute.row.key: dispute for dispute in disputes(coding)}
    given: dict[tuple[str, int], LabelledSentence] = {}
    for answer in answers:
        where = f"answer to sentence {answer.sentence} of article {answer.article!r}"
        if answer.key not in found:
            raise RowError(f"{where}: no dispute", hint="were these tasks made from other labels than these?")
        text = found[answer.key].row.text
        if text and answer.text and " ".join(text.split()) != " ".join(answer.text.split()):
            raise RowError(
                f"{where}: the disputed sentence has another text",
                expected=repr(text[:80]),
                found=repr(answer.text[:80]),
                hint="were these tasks made from other labels than these, or were texts edited?",
            )
        if not answer.is_labelled:
            continue
        if scheme is not None:
            scheme.check_labels(answer.speaker, answer.stance, where)
        earlier = given.setdefault(answer.key, answer)
        if (earlier.speaker, earlier.stance) != (answer.speaker, answer.stance):
            raise RowError(
                f"{where}: two answers", found=f"{earlier.speaker}/{earlier.stance}, {answer.speaker}/{answer.stance}"
            )
    rows = []
    for unit, row in enumerate(coding.units):
        if row.key in given:
            rows.append(_settled(row, given[row.key].speaker, given[row.key].stance, "adjudicated"))
        elif row.key not in found:
            speakers, stances = coding.said("speaker", unit), coding.said("stance", unit)
            n = sum(speaker is not None for speaker in speakers)
            speaker = next(label for label in speakers if label is not None)
            stance = next(label for label in stances if label is not None)
            rows.append(_settled(row, speaker, stance, "agreed" if n > 1 else "single"))
    return Settled(tuple(rows), tuple(dispute for key, dispute in found.items() if key not in given))


def _settled(row: LabelledSentence, speaker: str, stance: str, how: str) -> LabelledSentence:
    extra = {column: value for column, value in row.extra.items() if column != "annotator"}
    return replace(row.with_labels(speaker, stance), extra=extra | {"settled": how})
