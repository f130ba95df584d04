"""What training reads: labelled articles, from whatever collection they came."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from itertools import groupby
from typing import Any

from ..model.errors import RowError
from ..model.records import LabelledSentence, Sentence
from ..model.sentences import segment


@dataclass(frozen=True, slots=True)
class Target:
    """What is known of one sentence's labels.

    Attributes:
        speakers: speaker ids that it may have; one where it is known, several where only a group is, none if unknown.
        stance: stance id, None if unknown.
        weight: weight of its loss, 0 or more.
        sources: character spans of its source in the article; () where the article says it has none, None if unknown.
    """

    speakers: tuple[str, ...]
    stance: str | None
    weight: float = 1.0
    sources: tuple[tuple[int, int], ...] | None = None

    @property
    def is_known(self) -> bool:
        """Whether both labels are known, so that a model can be measured on the sentence."""
        return len(self.speakers) == 1 and self.stance is not None


#: Of a sentence that is only read, not learned from.
UNLABELLED = Target((), None, 0.0)


@dataclass(frozen=True, slots=True)
class Voice:
    """A speaker of one article's own scheme: its id, the prompts that name it, and its aliases."""

    id: str
    prompts: tuple[str, ...]
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TrainingArticle:
    """An article with what is known of its labels.

    Attributes:
        id: unique in its collection.
        origin: name of the collection.
        text: the article's text.
        sentences: to be read, in order.
        targets: one a sentence.
        voices: speakers of the article's own scheme, where it has one; () for the study's scheme.
        tags: (kind, start, end) of sources, cues and contents; None if the article has no such labels.
        outlet: who published it, if known.
        strangers: whether none of its voices is a speaker of the study, those that have the id of one aside.
    """

    id: str
    origin: str
    text: str
    sentences: tuple[Sentence, ...]
    targets: tuple[Target, ...]
    voices: tuple[Voice, ...] = ()
    tags: tuple[tuple[str, int, int], ...] | None = field(default=None)
    outlet: str | None = None
    strangers: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as a row of a `datasets` Dataset, whose lists hold values of one type only."""
        tags = None if self.tags is None else [{"kind": kind, "start": a, "end": b} for kind, a, b in self.tags]
        return asdict(self) | {"tags": tags}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> TrainingArticle:
        """Read back what `to_dict` wrote."""
        tags = data["tags"]
        return cls(
            id=data["id"],
            origin=data["origin"],
            text=data["text"],
            sentences=tuple(Sentence(**s) for s in data["sentences"]),
            targets=tuple(
                Target(
                    tuple(t["speakers"]),
                    t["stance"],
                    t["weight"],
                    None if t["sources"] is None else tuple((a, b) for a, b in t["sources"]),
                )
                for t in data["targets"]
            ),
            voices=tuple(Voice(v["id"], tuple(v["prompts"]), tuple(v["aliases"])) for v in data["voices"]),
            tags=None if tags is None else tuple((t["kind"], t["start"], t["end"]) for t in tags),
            outlet=data["outlet"],
            strangers=data["strangers"],
        )


def article_text(rows: Sequence[LabelledSentence]) -> tuple[str, tuple[Sentence, ...]]:
    """An article's text rebuilt from its rows, and its sentences in that text.

    Rows with offsets stand where they stood (what lay between them is blank); rows without stand one after another.

    Raises:
        RowError: two rows overlap.
    """
    ordered = sorted(rows, key=lambda row: row.sentence)
    placed = len({row.start for row in ordered}) == len(ordered) and all(
        r.end - r.start == len(r.text) for r in ordered
    )
    if not placed:
        return _laid_out(ordered)
    text = ""
    sentences = []
    previous: LabelledSentence | None = None
    for row in ordered:
        if previous is not None and row.start < previous.end:
            raise RowError(
                f"article {row.article}: sentences {previous.sentence} and {row.sentence} overlap",
                expected="sentences in order, none inside another",
                found=f"characters {previous.start}-{previous.end} and {row.start}-{row.end}",
            )
        gap = row.start - len(text)
        same = previous is None or previous.paragraph == row.paragraph
        text += (" " * gap if same or gap < 1 else "\n" * min(gap, 2) + " " * (gap - 2)) + row.text
        sentences.append(Sentence(row.paragraph, row.sentence, row.start, row.end, row.text))
        previous = row
    return text, tuple(sentences)


def _laid_out(rows: Sequence[LabelledSentence]) -> tuple[str, tuple[Sentence, ...]]:
    text = ""
    sentences = []
    for i, row in enumerate(rows):
        if i:
            text += " " if row.paragraph == rows[i - 1].paragraph else "\n\n"
        sentences.append(Sentence(row.paragraph, row.sentence, len(text), len(text) + len(row.text), row.text))
        text += row.text
    return text, tuple(sentences)


@dataclass(frozen=True, slots=True)
class PlacedSentence:
    """A sentence of the text that an article's rows are read in.

    Attributes:
        sentence: at its place in that text.
        row: the row whose sentence it is, or around which it stands.
        is_context: whether it only stands around the row's own sentence.
    """

    sentence: Sentence
    row: LabelledSentence
    is_context: bool = False


def brings_context(rows: Iterable[LabelledSentence]) -> bool:
    """Whether sentences were drawn by themselves, and bring what stood around them."""
    return any(row.extra.get(side) for row in rows for side in ("before", "after"))


def reading_text(rows: Sequence[LabelledSentence]) -> tuple[str, tuple[PlacedSentence, ...]]:
    """The text that an article's rows are read in, in training and in evaluation, and its sentences in order.

    Sentences that were drawn by themselves stand in the context that they bring (columns `before` and `after`).

    Raises:
        RowError: two rows overlap.
    """
    ordered = sorted(rows, key=lambda row: row.sentence)
    if brings_context(ordered):
        return _in_context(ordered)
    text, sentences = article_text(ordered)
    return text, tuple(PlacedSentence(s, row) for s, row in zip(sentences, ordered, strict=True))


def from_rows(rows: Sequence[LabelledSentence], origin: str) -> list[TrainingArticle]:
    """Group rows into training articles, in the order in which the articles first appear.

    A row's `weight` column, where there is one, weighs its loss. Rows without labels are only read, and so is the
    context that a sampled sentence brings (columns `before` and `after`).

    Raises:
        RowError: sentences of an article overlap, or a weight is none.
    """
    order = {article: number for number, article in enumerate(dict.fromkeys(row.article for row in rows))}
    ordered = sorted(rows, key=lambda row: order[row.article])
    articles = []
    for article, group in groupby(ordered, key=lambda row: row.article):
        text, placed = reading_text(list(group))
        sentences = tuple(one.sentence for one in placed)
        targets = tuple(UNLABELLED if one.is_context else _target(one.row) for one in placed)
        articles.append(TrainingArticle(article, origin, text, sentences, targets, outlet=placed[0].row.outlet))
    return articles


def _target(row: LabelledSentence) -> Target:
    if not row.is_labelled:
        return UNLABELLED
    weight = row.extra.get("weight")
    try:
        value = 1.0 if weight is None or weight == "" else float(weight)
    except (TypeError, ValueError):
        value = -1.0
    if not 0.0 <= value < float("inf"):
        raise RowError(
            f"sentence {row.sentence} of article {row.article!r}: bad 'weight'",
            expected="a number, 0 or more",
            found=repr(weight),
        )
    return Target((row.speaker,), row.stance, value)


def _in_context(rows: Sequence[LabelledSentence]) -> tuple[str, tuple[PlacedSentence, ...]]:
    """Each sentence between its context, one after the other.

    Paragraph 0 is the headline: only an article whose first sampled sentence stands there has one here.
    """
    text, paragraph = "", min(1, rows[0].paragraph)
    placed: list[PlacedSentence] = []
    for row in rows:
        paragraph += bool(text)
        text += "\n\n" if text else ""
        for part, is_context in ((row.extra.get("before"), True), (row.text, False), (row.extra.get("after"), True)):
            if not part:
                continue
            whole = str(part)
            found = segment(whole).kept if is_context else [Sentence(0, 0, 0, len(whole), whole)]
            text += "" if not text or text[-1].isspace() else " "
            start = len(text)
            placed += [
                PlacedSentence(
                    Sentence(paragraph + s.paragraph, len(placed) + i, start + s.start, start + s.end, s.text),
                    row,
                    is_context,
                )
                for i, s in enumerate(found)
            ]
            paragraph = placed[-1].sentence.paragraph if placed else paragraph
            text += whole
    return text, tuple(placed)
