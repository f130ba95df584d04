"""Rows of a corpus to the rows of a sample: what to label by hand, with context and inclusion probabilities."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import groupby

import numpy as np

from ..formats.context import around
from ..model.dates import DATE_PARTS, DATE_PATTERNS, no_date
from ..model.errors import RowError
from ..model.records import LabelledSentence
from .design import Floats, draw, inclusion_probabilities

UNITS = ("article", "sentence")
#: Columns of the model's labels, which the person who labels should not see.
_PREDICTED = ("speaker", "stance")


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleSettings:
    """What to draw.

    Attributes:
        n: units to draw.
        unit: `article` (all its sentences) or `sentence`.
        by: columns that make the strata: `outlet`, `speaker` and `stance` (the model's), `month`, `year`, any other.
        equal: as many units from every stratum, instead of in proportion to its size.
        uncertain: draw what the model is unsure of more often.
        show_labels: leave the model's labels in, for the person who labels to see.
        seed: the same seed draws the same sample.
    """

    n: int
    unit: str = "sentence"
    by: tuple[str, ...] = ()
    equal: bool = False
    uncertain: bool = False
    show_labels: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        if self.unit not in UNITS:
            raise RowError("unknown unit", expected=" or ".join(UNITS), found=repr(self.unit))


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample.

    Attributes:
        rows: to be labelled, without labels unless they are to be shown, with the columns `inclusion_p` and
            `sample_unit`; sentences drawn by themselves also have their context, `before` and `after`.
        strata: for each stratum its values of the columns `by`, how many units it has, and how many were drawn.
    """

    rows: tuple[LabelledSentence, ...]
    strata: tuple[tuple[tuple[str, ...], int, int], ...]


@dataclass(slots=True)
class _Units:
    """What the design needs to know of each unit."""

    stratum: list[int] = field(default_factory=list)
    error: list[float] = field(default_factory=list)
    names: dict[tuple[str, ...], int] = field(default_factory=dict)

    def add(self, name: tuple[str, ...], error: float) -> None:
        self.stratum.append(self.names.setdefault(name, len(self.names)))
        self.error.append(error)


def draw_sample(corpus: Callable[[], Iterable[LabelledSentence]], settings: SampleSettings) -> Sample:
    """Draw a sample.

    The corpus is gone through twice, so that it need not fit in memory: to see how many units there are, and to take
    those that were drawn.

    Args:
        corpus: gives the rows from the start each time it is called; rows of an article stand together.
        settings: what to draw.

    Raises:
        RowError: the corpus is empty or a sample itself, an article stands there in two places, a column is missing, or
            (for articles) has several values in one article, a date of which a month or year is to be cut is no ISO
            date, or the probabilities that uncertainty needs are missing.
    """
    units = _Units()
    for article in _articles(corpus()):
        _check_undrawn(article)
        for members in _units_of(article, settings.unit):
            units.add(_stratum(members, settings), _error(members) if settings.uncertain else 1.0)
    if not units.stratum:
        raise RowError("nothing to draw from", expected="at least one row")
    stratum = np.array(units.stratum, np.int64)
    error: Floats | None = np.array(units.error) if settings.uncertain else None
    p = inclusion_probabilities(settings.n, stratum, error, equal=settings.equal)
    drawn = draw(p, stratum, settings.seed)
    chosen, rows, number = set(drawn.tolist()), [], -1
    for article in _articles(corpus()):
        for members in _units_of(article, settings.unit):
            number += 1
            if number in chosen:
                rows += [_to_label(row, article, float(p[number]), settings) for row in members]
    sizes, taken = np.bincount(stratum), np.bincount(stratum[drawn], minlength=len(units.names))
    strata = [(name, int(sizes[i]), int(taken[i])) for name, i in units.names.items()]
    return Sample(tuple(rows), tuple(sorted(strata)))


def _articles(rows: Iterable[LabelledSentence]) -> Iterator[list[LabelledSentence]]:
    seen: set[str] = set()
    for name, members in groupby(rows, key=lambda row: row.article):
        if name in seen:
            raise RowError(
                f"the rows of article {name!r} stand in two places",
                expected="all rows of an article together",
                hint="was one file given twice, or do two files use the same article ids?",
            )
        seen.add(name)
        yield list(members)


def _check_undrawn(article: list[LabelledSentence]) -> None:
    """See that the rows are no sample themselves: the probability of a second draw alone would be the wrong one."""
    for row in article:
        given = row.extra.get("inclusion_p")
        if given not in (None, "", 1, "1", "1.0"):
            raise RowError(
                f"sentence {row.sentence} of article {row.article!r} was drawn already: it has an inclusion_p",
                expected="all rows of the corpus, as `sayso label` writes them",
                found=f"inclusion_p = {given}",
                hint="draw from the whole corpus; a sample of a sample has other probabilities than either",
            )


def _units_of(article: list[LabelledSentence], unit: str) -> list[list[LabelledSentence]]:
    return [article] if unit == "article" else [[row] for row in article]


def _stratum(members: list[LabelledSentence], settings: SampleSettings) -> tuple[str, ...]:
    """The unit's values of the columns that make the strata."""
    name = []
    for column in settings.by:
        values = {_value(row, column) for row in members}
        if len(values) > 1:
            raise RowError(
                f"article {members[0].article!r} has several values of {column}",
                expected="columns of the whole article, such as outlet",
                found=", ".join(sorted(values)),
                hint="draw sentences: --unit sentence",
            )
        name.append(values.pop())
    return tuple(name)


def _value(row: LabelledSentence, column: str) -> str:
    if column in {"article", "outlet", "date", *_PREDICTED}:
        value = getattr(row, column)
    elif column in row.extra:
        value = row.extra[column]
    elif column in DATE_PARTS:
        value = _cut(row, column)
    else:
        known = ["outlet", "date", *DATE_PARTS, *_PREDICTED, *row.extra]
        raise RowError(f"no column {column!r}", expected=f"one of {', '.join(known)}")
    return f"(no {column})" if value is None or value == "" else str(value)


def _cut(row: LabelledSentence, part: str) -> str | None:
    """The year or month of the row's date, for rows without a column of that name."""
    date = "" if row.date is None else row.date.strip()
    if date and re.search(DATE_PATTERNS[part], date) is None:
        raise no_date(part, date, row.article, row.sentence)
    return date[: DATE_PARTS[part]]


def _error(members: list[LabelledSentence]) -> float:
    """Root of the expected number of wrong sentences: the expected size of a sum of errors of either sign."""
    wrong = 0.0
    for row in members:
        if row.speaker_p is None or row.stance_p is None:
            raise RowError(
                f"sentence {row.sentence} of article {row.article!r} has no probabilities",
                expected="columns speaker_p and stance_p",
                hint="draw from rows that `sayso label` wrote, or without --uncertain",
            )
        wrong += 1 - row.speaker_p * row.stance_p
    return float(np.sqrt(wrong))


def _to_label(
    row: LabelledSentence, article: list[LabelledSentence], p: float, settings: SampleSettings
) -> LabelledSentence:
    extra = {**row.extra, "inclusion_p": p, "sample_unit": settings.unit}
    if settings.unit == "sentence":
        extra["before"], extra["after"] = around(row, article)
    if settings.show_labels:
        return replace(row, extra=extra)
    return replace(row.with_labels("", ""), extra=extra)
