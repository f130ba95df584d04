"""What is measured: every figure of the report is a ratio of two sums over articles.

A measure turns labelled sentences into two numbers for each article and item: `y` and `x`. Its value for a group of
articles is sum(y) / sum(x). Shares, positions, runs and the lean all have this form, so that one bootstrap
(`resample`), one comparison (`pairs`) and one correction (`correction`) serve them all.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ..model.errors import RowError
from ..model.scheme import Scheme

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Sentences:
    """Labelled sentences as arrays, sorted by cell and by place in the article.

    A cell is the part of one article that lies in one group: nearly always the whole article.

    Attributes:
        cell: (n_sentences,) 0-based cell of each sentence.
        speaker: (n_sentences,) index of its speaker in the scheme.
        stance: (n_sentences,) index of its stance in the scheme.
        words: (n_sentences,) number of its words, at least 1.
        place: (n_sentences,) where it stands in its article: 0 the first sentence, 1 the last.
        weight: (n_sentences,) what it counts for: 1, or 1 / its probability of having been drawn.
        n_cells: number of cells.
        scheme: the labels.
    """

    cell: Ints
    speaker: Ints
    stance: Ints
    words: Floats
    place: Floats
    weight: Floats
    n_cells: int
    scheme: Scheme


@dataclass(frozen=True, slots=True)
class Totals:
    """The two sums of a measure, for each cell and item.

    Attributes:
        measure: its name.
        items: what the columns are: speaker ids, stance ids, `a>b` for whose words follow whose, `a:b` for the lean.
        y: (n_cells, n_items) numerators.
        x: (n_cells, n_items) denominators.
        size: (n_cells,) sentences, or articles, that the cell stands for: what errors are counted against.
    """

    measure: str
    items: tuple[str, ...]
    y: Floats
    x: Floats
    size: Floats


@dataclass(frozen=True, slots=True)
class Scale:
    """What values a measure can take, and what it is counted over.

    Attributes:
        low: least possible value.
        high: greatest possible value; infinity where there is no bound.
        share: whether the value is a share (y counts some of the units that x counts), shown in percent.
        whole_articles: whether it needs every sentence of an article (a sample of sentences cannot correct it).
    """

    low: float = 0.0
    high: float = 1.0
    share: bool = True
    whole_articles: bool = False


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure by name.

    Attributes:
        name: as in the tables.
        title: as in the report.
        unit: what `x` counts.
        count: sentences to totals.
        scale: its values.
    """

    name: str
    title: str
    unit: str
    count: Callable[[Sentences], Totals]
    scale: Scale = Scale()


def _sum(data: Sentences, item: Ints, n_items: int, weight: Floats, keep: NDArray[np.bool_] | None = None) -> Floats:
    """Sums of `weight` by cell and item, (n_cells, n_items)."""
    flat = data.cell * n_items + item
    if keep is not None:
        flat, weight = flat[keep], weight[keep]
    return np.bincount(flat, weight, data.n_cells * n_items).reshape(data.n_cells, n_items).astype(np.float64)


def _size(data: Sentences) -> Floats:
    return np.bincount(data.cell, data.weight, data.n_cells).astype(np.float64)


def _share(data: Sentences, name: str, item: Ints, items: tuple[str, ...], weight: Floats) -> Totals:
    y = _sum(data, item, len(items), weight)
    return Totals(name, items, y, np.repeat(y.sum(axis=1, keepdims=True), len(items), axis=1), _size(data))


def _speaker(data: Sentences) -> Totals:
    return _share(data, "speaker", data.speaker, data.scheme.speaker_ids, data.weight)


def _speaker_words(data: Sentences) -> Totals:
    return _share(data, "speaker_words", data.speaker, data.scheme.speaker_ids, data.weight * data.words)


def _stance(data: Sentences) -> Totals:
    return _share(data, "stance", data.stance, data.scheme.stance_ids, data.weight)


def _vouched(data: Sentences) -> NDArray[np.bool_]:
    return np.asarray(data.stance == data.scheme.stance_ids.index(data.scheme.vouched))


def _asserted(data: Sentences) -> Totals:
    items = data.scheme.speaker_ids
    y = _sum(data, data.speaker, len(items), data.weight, _vouched(data))
    return Totals("asserted", items, y, _sum(data, data.speaker, len(items), data.weight), _size(data))


def _present(data: Sentences) -> NDArray[np.bool_]:
    n_speakers = len(data.scheme.speaker_ids)
    return np.asarray(_sum(data, data.speaker, n_speakers, np.ones_like(data.weight)) > 0)


def _silent(data: Sentences) -> Totals:
    present = _present(data)
    ones = np.ones(present.shape)
    return Totals("silent", data.scheme.speaker_ids, ones - present, ones, ones[:, 0])


def _first_rows(cell: Ints, keep: NDArray[np.bool_]) -> Ints:
    """Row numbers of the first kept row of every cell that has one."""
    rows = np.flatnonzero(keep)
    _, first = np.unique(cell[rows], return_index=True)
    return rows[first]


def _first_voice(data: Sentences) -> Totals:
    items = data.scheme.speaker_ids
    first = _first_rows(data.cell, data.speaker != items.index(data.scheme.outlet))
    y = np.zeros((data.n_cells, len(items)))
    y[data.cell[first], data.speaker[first]] = 1.0
    x = np.repeat(y.sum(axis=1, keepdims=True), len(items), axis=1)
    keep = [i for i, speaker in enumerate(items) if speaker != data.scheme.outlet]
    return Totals("first_voice", tuple(items[i] for i in keep), y[:, keep], x[:, keep], np.ones(data.n_cells))


def _first_place(data: Sentences) -> Totals:
    items = data.scheme.speaker_ids
    y = np.zeros((data.n_cells, len(items)))
    for i in range(len(items)):
        first = _first_rows(data.cell, data.speaker == i)
        y[data.cell[first], i] = data.place[first]
    return Totals("first_place", items, y, _present(data).astype(np.float64), np.ones(data.n_cells))


def _place(data: Sentences) -> Totals:
    items = data.scheme.speaker_ids
    y = _sum(data, data.speaker, len(items), data.weight * data.place)
    return Totals("place", items, y, _sum(data, data.speaker, len(items), data.weight), _size(data))


def _follows(data: Sentences) -> Totals:
    speakers = data.scheme.speaker_ids
    n = len(speakers)
    inside = np.flatnonzero(data.cell[1:] == data.cell[:-1])
    pair = data.speaker[inside] * n + data.speaker[inside + 1]
    counts = np.bincount(data.cell[inside] * n * n + pair, minlength=data.n_cells * n * n)
    y = counts.reshape(data.n_cells, n, n).astype(np.float64)
    x = np.repeat(y.sum(axis=2, keepdims=True), n, axis=2)
    items = tuple(f"{a}>{b}" for a in speakers for b in speakers)
    return Totals("follows", items, y.reshape(data.n_cells, -1), x.reshape(data.n_cells, -1), _size(data))


def _run_length(data: Sentences) -> Totals:
    items = data.scheme.speaker_ids
    start = np.ones(len(data.cell), bool)
    start[1:] = (data.cell[1:] != data.cell[:-1]) | (data.speaker[1:] != data.speaker[:-1])
    ones = np.ones(len(data.cell))
    runs = _sum(data, data.speaker, len(items), ones, start)
    return Totals("run_length", items, _sum(data, data.speaker, len(items), ones), runs, _size(data))


_OF_SENTENCES = Scale()
_OF_ARTICLES = Scale(whole_articles=True)
_PLACE = Scale(share=False)

MEASURES = {
    measure.name: measure
    for measure in (
        Measure("speaker", "Share of sentences by speaker", "sentences", _speaker, _OF_SENTENCES),
        Measure("speaker_words", "Share of words by speaker", "words", _speaker_words, _OF_SENTENCES),
        Measure("stance", "Share of sentences by stance", "sentences", _stance, _OF_SENTENCES),
        Measure("asserted", "Share the outlet vouches for", "sentences by the speaker", _asserted, _OF_SENTENCES),
        Measure("silent", "Articles in which a speaker has no voice", "articles", _silent, _OF_ARTICLES),
        Measure("first_voice", "Whose voice comes first", "articles that quote anybody", _first_voice, _OF_ARTICLES),
        Measure(
            "first_place",
            "Where a speaker is first heard",
            "articles with the speaker",
            _first_place,
            Scale(share=False, whole_articles=True),
        ),
        Measure("place", "Where a speaker's sentences stand", "sentences by the speaker", _place, _PLACE),
        Measure("follows", "Whose words follow whose", "sentences that another one follows", _follows, _OF_ARTICLES),
        Measure(
            "run_length",
            "Sentences in a row by one speaker",
            "runs",
            _run_length,
            Scale(low=1.0, high=math.inf, share=False, whole_articles=True),
        ),
    )
}


def lean(pair: tuple[str, str], scheme: Scheme) -> Measure:
    """The lean between two speakers: (a - b) / (a + b) over their sentences; 1 only a speaks, -1 only b.

    Raises:
        SchemeError: a speaker is not of the scheme.
        RowError: both are the same.
    """
    a, b = (scheme.speaker_ids.index(scheme.speaker(speaker).id) for speaker in pair)
    if a == b:
        raise RowError("the lean needs two speakers", expected="A:B", found=f"{pair[0]}:{pair[1]}")

    def count(data: Sentences) -> Totals:
        by_speaker = _sum(data, data.speaker, len(scheme.speaker_ids), data.weight)
        y, x = by_speaker[:, a] - by_speaker[:, b], by_speaker[:, a] + by_speaker[:, b]
        return Totals("lean", (f"{pair[0]}:{pair[1]}",), y[:, None], x[:, None], _size(data))

    first, second = scheme.speaker(pair[0]).name, scheme.speaker(pair[1]).name
    title = f"Lean: 1 only {first} speaks, -1 only {second}"
    return Measure("lean", title, "sentences by either", count, Scale(low=-1.0, share=False))


def measure_named(name: str, scheme: Scheme, pair: tuple[str, str] | None) -> Measure:
    """The measure of this name.

    Raises:
        RowError: no such measure, or the lean without its two speakers.
    """
    if name == "lean":
        if pair is None:
            raise RowError("the lean of whom against whom?", expected="two speakers, e.g. lean=('a', 'b')")
        return lean(pair, scheme)
    if name not in MEASURES:
        raise RowError("unknown measure", expected=f"one of {', '.join([*MEASURES, 'lean'])}", found=repr(name))
    return MEASURES[name]


def sentence_arrays(table: pl.DataFrame, n_cells: int, scheme: Scheme, weight: Floats | None = None) -> Sentences:
    """Arrays of a prepared table, sorted by article and sentence, that has the column `cell`.

    Args:
        table: rows with `cell`, `speaker`, `stance`, `words`, `place`.
        n_cells: number of cells.
        scheme: the labels.
        weight: (n_rows,) what each row counts for; None: 1.
    """
    enums = {"speaker": pl.Enum(scheme.speaker_ids), "stance": pl.Enum(scheme.stance_ids)}
    codes = {name: table[name].cast(kind).to_physical().cast(pl.Int64).to_numpy() for name, kind in enums.items()}
    return Sentences(
        cell=table["cell"].cast(pl.Int64).to_numpy(),
        speaker=codes["speaker"],
        stance=codes["stance"],
        words=table["words"].cast(pl.Float64).to_numpy(),
        place=table["place"].to_numpy(),
        weight=np.ones(table.height) if weight is None else weight,
        n_cells=n_cells,
        scheme=scheme,
    )
