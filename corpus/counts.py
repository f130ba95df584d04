"""What is in the corpus: counts by label, register and year, names, lengths, and how much articles differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from ..model.mentions import AliasMatcher
from ..model.records import LabelledSentence
from ..model.scheme import Scheme
from ..train.examples import article_text
from ..train.seeds import AuthoredArticle
from .copying import words
from .table import Cell, Column, Table

#: Classes of "how many listed names an article has", by their upper ends.
_NAME_CLASSES = (0, 2, 5, 10)


def count(articles: Sequence[AuthoredArticle], scheme: Scheme) -> list[Table]:
    """All tables, in reading order.

    Args:
        articles: at least one, as `train/seeds.load_authored` reads them.
        scheme: whose labels and aliases are counted.
    """
    return [
        _size(articles),
        _labels(articles, scheme),
        _grouped(articles, scheme, "register", lambda article: article.header.get("register", "")),
        _grouped(articles, scheme, "year", lambda article: article.header.get("date", "")[:4]),
        *_names(articles, scheme),
        _lengths(articles),
        _by_article(articles, scheme),
    ]


def _rows(articles: Sequence[AuthoredArticle]) -> list[LabelledSentence]:
    return [row for article in articles for row in article.rows]


def _n_words(rows: Sequence[LabelledSentence]) -> list[int]:
    return [len(words(row.text)) for row in rows]


def _size(articles: Sequence[AuthoredArticle]) -> Table:
    rows = _rows(articles)
    paragraphs = {(row.article, row.paragraph) for row in rows}
    outlets = {article.header.get("outlet") for article in articles}
    cells: tuple[tuple[Cell, ...], ...] = (
        ("articles", len(articles)),
        ("outlets", len(outlets)),
        ("paragraphs", len(paragraphs)),
        ("sentences", len(rows)),
        ("words", sum(_n_words(rows))),
    )
    return Table("Size", (Column("", "text"), Column("n")), cells)


def _labels(articles: Sequence[AuthoredArticle], scheme: Scheme) -> Table:
    rows = _rows(articles)
    counts = Counter((row.speaker, row.stance) for row in rows)
    columns = (Column("speaker", "text"), *map(Column, scheme.stance_ids), Column("all"), Column("share", "share"))
    cells: list[tuple[Cell, ...]] = []
    for speaker in scheme.speaker_ids:
        by_stance = [counts[speaker, stance] for stance in scheme.stance_ids]
        cells.append((speaker, *by_stance, sum(by_stance), sum(by_stance) / len(rows)))
    totals = [sum(row.stance == stance for row in rows) for stance in scheme.stance_ids]
    cells.append(("all", *totals, len(rows), 1.0))
    return Table("Speaker x stance, sentences", columns, tuple(cells))


def _grouped(
    articles: Sequence[AuthoredArticle], scheme: Scheme, name: str, group_of: Callable[[AuthoredArticle], str]
) -> Table:
    groups: dict[str, list[AuthoredArticle]] = {}
    for article in articles:
        groups.setdefault(group_of(article), []).append(article)
    cells: list[tuple[Cell, ...]] = []
    for group, members in sorted(groups.items()):
        rows = _rows(members)
        attributed = [row for row in rows if row.speaker != scheme.outlet]
        vouched = sum(row.stance == scheme.vouched for row in attributed)
        cells.append(
            (
                group,
                len(members),
                len(rows),
                len(attributed) / len(rows),
                vouched / len(rows),
                float(np.mean(_n_words(rows))),
            )
        )
    columns = (
        Column(name, "text"),
        Column("articles"),
        Column("sentences"),
        Column("with a source", "share"),
        Column("vouched for with a source", "share"),
        Column("words a sentence", "number"),
    )
    return Table(f"By {name}", columns, tuple(cells))


def _names(articles: Sequence[AuthoredArticle], scheme: Scheme) -> list[Table]:
    matcher = AliasMatcher(scheme.speakers)
    listed = Counter(
        speaker.id for speaker in scheme.speakers for _ in {" ".join(words(alias)) for alias in speaker.aliases}
    )
    found: list[dict[str, set[str]]] = []
    for article in articles:
        text, _ = article_text(article.rows)
        names: dict[str, set[str]] = {}
        for mention in matcher.find(text):
            names.setdefault(mention.speaker, set()).add(" ".join(words(text[mention.start : mention.end])))
        found.append(names)
    by_speaker = tuple(
        (
            speaker,
            listed[speaker],
            len(set().union(*(names.get(speaker, set()) for names in found))),
            sum(speaker in names for names in found) / len(articles),
        )
        for speaker in scheme.speaker_ids
        if listed[speaker]
    )
    columns = (
        Column("speaker", "text"),
        Column("aliases listed"),
        Column("of them in the corpus"),
        Column("articles that name one", "share"),
    )
    return [
        Table("Names of the scheme", columns, by_speaker),
        _name_classes([sum(map(len, n.values())) for n in found]),
    ]


def _name_classes(n_names: Sequence[int]) -> Table:
    cells: list[tuple[Cell, ...]] = []
    low = 0
    for high in _NAME_CLASSES:
        n = sum(low <= names <= high for names in n_names)
        cells.append((str(high) if low == high else f"{low} to {high}", n, n / len(n_names)))
        low = high + 1
    n = sum(names >= low for names in n_names)
    cells.append((f"{low} or more", n, n / len(n_names)))
    columns = (Column("different listed names in an article", "text"), Column("articles"), Column("share", "share"))
    return Table("How many of them an article has", columns, tuple(cells))


def _lengths(articles: Sequence[AuthoredArticle]) -> Table:
    rows = _rows(articles)
    paragraphs = Counter((row.article, row.paragraph) for row in rows)
    columns = (
        Column("", "text"),
        Column("mean", "number"),
        Column("sd", "number"),
        *(Column(name) for name in ("least", "10 %", "median", "90 %", "most")),
    )
    cells = tuple(
        _spread(name, values)
        for name, values in (
            ("words a sentence", _n_words(rows)),
            ("sentences a paragraph", list(paragraphs.values())),
            ("sentences an article", [len(article.rows) for article in articles]),
        )
    )
    return Table("Lengths", columns, cells)


def _spread(name: str, values: Sequence[int]) -> tuple[Cell, ...]:
    quantiles = np.quantile(values, [0, 0.1, 0.5, 0.9, 1], method="nearest")
    return (name, float(np.mean(values)), float(np.std(values)), *(int(q) for q in quantiles))


def _by_article(articles: Sequence[AuthoredArticle], scheme: Scheme) -> Table:
    cells: list[tuple[Cell, ...]] = []
    for speaker in scheme.speaker_ids:
        shares = [sum(row.speaker == speaker for row in a.rows) / len(a.rows) for a in articles]
        quantiles = np.quantile(shares, [0.1, 0.5, 0.9])
        cells.append((speaker, sum(share > 0 for share in shares), *(float(q) for q in quantiles), float(max(shares))))
    columns = (
        Column("speaker", "text"),
        Column("articles with it"),
        *(Column(name, "share") for name in ("10 % of articles", "median article", "90 % of articles", "most")),
    )
    return Table("Share of an article's sentences", columns, tuple(cells))
