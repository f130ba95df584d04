"""Gold: articles whose labels are known, read from whatever holds them.

Rows files, authored articles, stand-off labels beside a folder of texts, and parts of PolNeAR all become GoldArticles.
PolNeAR knows no parties, only whether a sentence is attributed: its rows say ANY_SOURCE where they are.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..model.errors import RowError, SchemeError
from ..model.records import Article, LabelledSentence, Sentence
from ..model.rowfiles import ROW_SUFFIXES, read_rows
from ..model.scheme import Scheme
from ..train.examples import TrainingArticle, article_text
from ..train.polnear import OUTLET, read_polnear
from ..train.seeds import STANDOFF_COLUMNS, join_standoff, load_authored, read_authored

#: Gold speaker of a sentence of which only is known that the outlet is not its speaker.
ANY_SOURCE = "any_source"


@dataclass(frozen=True, slots=True)
class GoldArticle:
    """An article whose labels are known.

    Attributes:
        gold: name of the collection that it came from.
        article: its text and what is known of it.
        rows: its sentences with their gold labels, in order, at the offsets of `article.text`.
        spans: (kind, start, end) of every source, cue and content; None if the collection has no such spans.
        knows_speakers: whether its gold names speakers, and not only that there is one.
    """

    gold: str
    article: Article
    rows: tuple[LabelledSentence, ...]
    spans: tuple[tuple[str, int, int], ...] | None = None
    knows_speakers: bool = True

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """The sentences to be labelled."""
        return tuple(Sentence(r.paragraph, r.sentence, r.start, r.end, r.text) for r in self.rows)


def read_gold(path: Path, scheme: Scheme, texts: Sequence[Path] = ()) -> list[GoldArticle]:
    """The gold articles of a file or folder.

    Args:
        path: a rows file, an authored article or a folder of them, stand-off labels (CSV), or a part of PolNeAR.
        scheme: whose labels they are.
        texts: folders in which the texts of stand-off labels lie.

    Raises:
        RowError: it is none of these, or something in it is wrong.
        SchemeError: a label is not of the scheme.
    """
    if (path / "attributions").is_dir():
        return _polnear(path, scheme)
    rows = _rows(path, scheme, texts)
    if not rows:
        raise RowError(f"{path} holds no labelled sentence", expected="at least one")
    for row in rows:
        scheme.check_labels(row.speaker, row.stance, f"{path}: sentence {row.sentence} of article {row.article!r}")
    return gold_articles(rows, collection_name(path))


def collection_name(path: Path) -> str:
    """What a collection is called: its folder and its own name ("originals/labels.csv", "polnear/dev")."""
    whole = path.resolve()
    return f"{whole.parent.name}/{whole.name}"


def _rows(path: Path, scheme: Scheme, texts: Sequence[Path]) -> list[LabelledSentence]:
    if path.is_dir():
        return [row for article in load_authored(path, scheme) for row in article.rows]
    if not path.is_file():
        raise RowError(f"no gold at {path}", expected=f"labelled sentences: {' '.join(ROW_SUFFIXES)} .txt or a folder")
    if path.suffix == ".txt":
        authored, faults = read_authored(path, scheme)
        if faults:
            raise RowError(f"{len(faults)} faults in {path}", found="; ".join(map(str, faults[:20])))
        return list(authored.rows)
    if path.suffix == ".csv" and _is_standoff(path):
        if not texts:
            raise RowError(f"{path} holds labels without text", hint="name the folder of its texts with --texts")
        return join_standoff(path, texts)
    return list(read_rows(path))


def _is_standoff(path: Path) -> bool:
    with path.open(encoding="utf-8-sig", newline="", errors="replace") as lines:
        header = next(csv.reader(lines), [])
    return set(STANDOFF_COLUMNS[:-1]) <= set(header)


def gold_articles(rows: Iterable[LabelledSentence], gold: str) -> list[GoldArticle]:
    """Group gold rows into articles, in order of their first rows.

    Raises:
        RowError: rows of an article overlap, or a sentence stands there twice.
    """
    by_article: dict[str, list[LabelledSentence]] = {}
    for row in rows:
        by_article.setdefault(row.article, []).append(row)
    return [_article(members, gold) for members in by_article.values()]


def _article(rows: Sequence[LabelledSentence], gold: str) -> GoldArticle:
    ordered = sorted(rows, key=lambda row: row.sentence)
    numbers = [row.sentence for row in ordered]
    if len(set(numbers)) < len(numbers):
        twice = next(n for n in numbers if numbers.count(n) > 1)
        raise RowError(
            f"sentence {twice} of article {ordered[0].article!r} stands there twice", expected="one label a sentence"
        )
    text, sentences = article_text(ordered)
    placed = tuple(replace(row, start=s.start, end=s.end) for row, s in zip(ordered, sentences, strict=True))
    first = ordered[0]
    return GoldArticle(gold, Article(first.article, text, outlet=first.outlet, date=first.date), placed)


def _polnear(folder: Path, scheme: Scheme) -> list[GoldArticle]:
    attributed = [stance for stance in scheme.stance_ids if stance != scheme.vouched]
    if len(attributed) != 1:
        raise SchemeError(
            f"PolNeAR cannot measure a model of scheme {scheme.name}",
            expected="two stances: PolNeAR only tells attributed sentences from others",
            found=", ".join(scheme.stance_ids),
        )
    name = f"polnear {folder.name}"
    return [
        _attributions(article, scheme, attributed[0], name) for article in read_polnear(folder) if article.sentences
    ]


def _attributions(article: TrainingArticle, scheme: Scheme, attributed: str, name: str) -> GoldArticle:
    rows = []
    for s, target in zip(article.sentences, article.targets, strict=True):
        by_outlet = target.speakers == (OUTLET,)
        speaker, stance = (scheme.outlet, scheme.vouched) if by_outlet else (ANY_SOURCE, attributed)
        rows.append(
            LabelledSentence(
                article.id, s.paragraph, s.sentence, s.start, s.end, s.text, speaker, stance, article.outlet
            )
        )
    return GoldArticle(name, Article(article.id, article.text, outlet=article.outlet), tuple(rows), article.tags, False)
