"""What training reads: labelled articles, from whatever collection they came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from itertools import groupby
from typing import Any

from ..model.errors import RowError
from ..model.records import LabelledSentence, Sentence


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
    """

    id: str
    origin: str
    text: str
    sentences: tuple[Sentence, ...]
    targets: tuple[Target, ...]
    voices: tuple[Voice, ...] = ()
    tags: tuple[tuple[str, int, int], ...] | None = field(default=None)
    outlet: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as a row of a `datasets` Dataset."""
        return asdict(self)

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
            tags=None if tags is None else tuple((kind, int(a), int(b)) for kind, a, b in tags),
            outlet=data["outlet"],
        )


def article_text(rows: Sequence[LabelledSentence]) -> tuple[str, tuple[Sentence, ...]]:
    """An article's text rebuilt from its rows, and its sentences in that text.

    Rows with offsets stand where they stood (what lay between them is blank); rows without stand one after another.

    Raises:
        RowError: two rows overlap, or a row's text does not fill its offsets.
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


def from_rows(rows: Sequence[LabelledSentence], origin: str) -> list[TrainingArticle]:
    """Group gold rows into training articles, in the order in which the articles first appear.

    A row's `weight` column, where there is one, weighs its loss.
    """
    order = {article: number for number, article in enumerate(dict.fromkeys(row.article for row in rows))}
    ordered = sorted(rows, key=lambda row: order[row.article])
    articles = []
    for article, group in groupby(ordered, key=lambda row: row.article):
        members = sorted(group, key=lambda row: row.sentence)
        text, sentences = article_text(members)
        targets = tuple(Target((row.speaker,), row.stance, float(row.extra.get("weight", 1.0))) for row in members)
        articles.append(TrainingArticle(article, origin, text, sentences, targets, outlet=members[0].outlet))
    return articles
