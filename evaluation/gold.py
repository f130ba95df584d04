"""Gold: articles whose labels are known, read from whatever holds them.

Rows files, authored articles, stand-off labels beside a folder of texts, and parts of PolNeAR all become GoldArticles.
PolNeAR knows no parties, only whether a sentence is attributed: its rows say ANY_SOURCE where they are.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import TypeVar

from ..model.errors import RowError, SchemeError
from ..model.records import Article, LabelledSentence, Sentence
from ..model.rowfiles import ROW_SUFFIXES, read_placed_rows
from ..model.scheme import Scheme
from ..train.examples import TrainingArticle, brings_context, reading_text
from ..train.polnear import OUTLET, read_polnear
from ..train.seeds import STANDOFF_COLUMNS, join_standoff, load_authored, read_authored
from .inclusion import inclusion_of

#: Gold speaker of a sentence of which only is known that the outlet is not its speaker.
ANY_SOURCE = "any_source"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class GoldArticle:
    """An article whose labels are known.

    Attributes:
        gold: name of the collection that it came from.
        article: its text and what is known of it.
        rows: its sentences with their gold labels, in order, at the offsets of `article.text`.
        context: its other sentences, which are only read: rows without labels. What a sampled sentence brings with it
            has that sentence's number.
        spans: (kind, start, end) of every source, cue and content; None if the collection has no such spans.
        knows_speakers: whether its gold names speakers, and not only that there is one.
    """

    gold: str
    article: Article
    rows: tuple[LabelledSentence, ...]
    spans: tuple[tuple[str, int, int], ...] | None = None
    knows_speakers: bool = True
    context: tuple[LabelledSentence, ...] = ()

    @property
    def read(self) -> tuple[LabelledSentence, ...]:
        """Rows and context, in order."""
        return tuple(sorted((*self.rows, *self.context), key=lambda row: row.start)) if self.context else self.rows

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """The sentences to be labelled, those of the context among them: a model reads the whole article."""
        return tuple(Sentence(r.paragraph, r.sentence, r.start, r.end, r.text) for r in self.read)

    @property
    def parts(self) -> list[tuple[Article, tuple[Sentence, ...]]]:
        """What a model reads at once, with its sentences; all of them together are `sentences`.

        Mostly that is the article. Sampled sentences are read one by one, each in the context that it brings: nothing
        that stood elsewhere may pass for its neighbour. Every part has the offsets of the article's text.
        """
        if not brings_context(self.rows):
            return [(self.article, self.sentences)]
        parts = []
        for _, members in groupby(self.sentences, key=lambda s: s.sentence):
            sentences = tuple(members)
            start, end = sentences[0].start, sentences[-1].end
            text = " " * start + self.article.text[start:end]
            parts.append((replace(self.article, text=text), sentences))
        return parts

    def scored(self, values: Sequence[T]) -> tuple[T, ...]:
        """Of values that stand one for each of `sentences`, those that stand for `rows`."""
        return tuple(value for value, row in zip(values, self.read, strict=True) if row.is_labelled)


def read_gold(
    path: Path, scheme: Scheme, texts: Sequence[Path] = (), note: Callable[[str], None] = lambda line: None
) -> list[GoldArticle]:
    """The gold articles of a file or folder.

    Args:
        path: a rows file, an authored article or a folder of them, stand-off labels (CSV), or a part of PolNeAR.
        scheme: whose labels they are.
        texts: folders in which the texts of stand-off labels lie.
        note: told of rows that are left out because they lack a label, and of rows that a model labelled.

    Raises:
        RowError: it is none of these, nothing in it is labelled, or something in it is wrong.
        SchemeError: a label is not of the scheme.
    """
    if (path / "attributions").is_dir():
        return _polnear(path, scheme)
    rows = _rows(path, scheme, texts)
    labelled = [row for row in rows if row.is_labelled]
    if not labelled:
        raise RowError(
            f"{path} holds no labelled sentence",
            expected="rows with a speaker and a stance",
            found=f"{len(rows)} rows",
            hint="if its columns have other names: `sayso convert FROM TO --column speaker=NAME --column stance=NAME`",
        )
    for row in labelled:
        scheme.check_labels(row.speaker, row.stance, f"{path}: sentence {row.sentence} of article {row.article!r}")
        inclusion_of(row)
    n_open = len(rows) - len(labelled)
    if n_open:
        n_half = sum(bool(row.speaker or row.stance) for row in rows) - len(labelled)
        half = f" ({n_half} of them one of the two)" if n_half else ""
        note(f"{path}: not scored because they lack a label: {n_open} of {len(rows)} sentences{half}")
    n_predicted = sum(row.is_prediction for row in labelled)
    if n_predicted:
        note(
            f"{path}: WARNING: {n_predicted} of {len(labelled)} labelled sentences hold a model's probabilities. If "
            "nobody has checked their labels, they are no gold: a model is compared with a model"
        )
    return gold_articles(rows, collection_name(path))


def check_once(collections: Sequence[tuple[str, Sequence[GoldArticle]]]) -> None:
    """See that no sentence stands in two collections that are scored together.

    Its article would count as two that were drawn independently, and every interval would be too narrow.

    Args:
        collections: name and articles of each.

    Raises:
        RowError: sentences do.
    """
    first: dict[tuple[str, int, str], str] = {}
    twice: list[str] = []
    for name, gold in collections:
        places = [(row.article, row.sentence, row.text) for article in gold for row in article.rows]
        for place in places:
            if place in first:
                twice.append(f"sentence {place[1]} of article {place[0]!r} in {first[place]} and in {name}")
        first |= dict.fromkeys(places, name)
    if twice:
        raise RowError(
            f"sentences that stand in two collections: {len(twice)}",
            expected="each sentence once",
            found=twice[0],
            hint="name each file once, or put them into one, each sentence once; two people's labels of the same "
            "sentences are compared by `sayso agree`",
        )


def apart_from(articles: Sequence[GoldArticle], gold: Iterable[GoldArticle]) -> list[GoldArticle]:
    """Those of some articles that share nothing with gold: neither their text nor, under the same id, a sentence."""
    texts: set[str] = set()
    places: set[tuple[str, str]] = set()
    for article in gold:
        texts.add(article.article.text)
        places.update((row.article, row.text) for row in article.rows)
    return [
        article
        for article in articles
        if article.article.text not in texts and not any((row.article, row.text) in places for row in article.rows)
    ]


def collection_name(path: Path) -> str:
    """What a collection is called: its folder and its own name ("originals/labels.csv", "polnear/dev")."""
    whole = path.resolve()
    return f"{whole.parent.name}/{whole.name}"


def _rows(path: Path, scheme: Scheme, texts: Sequence[Path]) -> list[LabelledSentence]:
    if path.is_dir():
        return [row for article in load_authored(path, scheme) for row in article.rows]
    if not path.is_file():
        raise RowError(f"no gold at {path}", expected=f"labelled sentences: {' '.join(ROW_SUFFIXES)} .txt or a folder")
    if path.suffix.lower() == ".txt":
        authored, faults = read_authored(path, scheme)
        if faults:
            raise RowError(f"{len(faults)} faults in {path}", found="; ".join(map(str, faults[:20])))
        return list(authored.rows)
    if path.suffix.lower() == ".csv" and _is_standoff(path):
        if not texts:
            raise RowError(f"{path} holds labels without text", hint="name the folder of its texts with --texts")
        return join_standoff(path, texts)
    if path.suffix.lower() not in ROW_SUFFIXES:
        raise RowError(
            f"cannot read gold from {path}",
            expected=f"labelled sentences: {' '.join(ROW_SUFFIXES)} .txt or a folder",
            hint=f"`sayso convert {path} gold.jsonl` makes rows of what Excel and labelling tools write",
        )
    return [row for _, row in read_placed_rows(path, labelled=False)]


def _is_standoff(path: Path) -> bool:
    with path.open(encoding="utf-8-sig", newline="", errors="replace") as lines:
        try:
            header = next(csv.reader(lines), [])
        except csv.Error:  # no table at all: whoever reads it as rows says so
            return False
    return set(STANDOFF_COLUMNS[:-1]) <= set(header)


def gold_articles(rows: Iterable[LabelledSentence], gold: str) -> list[GoldArticle]:
    """Group gold rows into articles, in order of their first rows; those in which nothing is labelled are left out.

    Rows without both labels are only read, and so is the context that a sampled sentence brings.

    Raises:
        RowError: rows of an article overlap, or a sentence stands there twice.
    """
    by_article: dict[str, list[LabelledSentence]] = {}
    for row in rows:
        by_article.setdefault(row.article, []).append(row)
    return [_article(members, gold) for members in by_article.values() if any(row.is_labelled for row in members)]


def _article(members: Sequence[LabelledSentence], gold: str) -> GoldArticle:
    ordered = sorted(members, key=lambda row: row.sentence)
    numbers = [row.sentence for row in ordered]
    if len(set(numbers)) < len(numbers):
        twice = next(n for n in numbers if numbers.count(n) > 1)
        raise RowError(
            f"sentence {twice} of article {ordered[0].article!r} stands there twice", expected="one label a sentence"
        )
    text, placed = reading_text(ordered)
    rows: list[LabelledSentence] = []
    context: list[LabelledSentence] = []
    for one in placed:
        s = one.sentence
        row = replace(one.row, paragraph=s.paragraph, start=s.start, end=s.end, text=s.text)
        if row.is_labelled and not one.is_context:
            rows.append(row)
        else:
            context.append(replace(row.with_labels("", ""), extra={}))
    first = ordered[0]
    article = Article(first.article, text, outlet=first.outlet, date=first.date)
    return GoldArticle(gold, article, tuple(rows), context=tuple(context))


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
