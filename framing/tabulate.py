"""Tidy tables as rows of text with sort keys, for the page's sortable tables and for Markdown."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from ..model.scheme import Scheme

#: The page shows this many rows of a table; the data beside it has all.
MOST_ROWS = 500
_PERCENT = {"speaker", "speaker_words", "stance", "asserted", "silent", "first_voice", "follows"}
_VALUES: tuple[str, ...] = (
    "estimate",
    "low",
    "high",
    "se",
    "corrected",
    "corrected_low",
    "corrected_high",
    "corrected_se",
)
_VALUES += ("gold_only", "gold_only_low", "gold_only_high", "difference", "corrected_difference")
_ALWAYS_PERCENT = ("accuracy", "share", "lowest_value", "highest_value")
#: Columns that a reader has no use for on a page.
_HIDDEN = ("by", "discovery", "corrected_discovery", "se", "corrected_se", "differs")


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell: what it says, what it sorts by, whether it is a number, and the speaker it names (or None)."""

    text: str
    sort: str
    number: bool
    speaker: int | None


@dataclass(frozen=True, slots=True)
class Row:
    """A row; `strong` rows are the findings that hold."""

    cells: tuple[Cell, ...]
    strong: bool


@dataclass(frozen=True, slots=True)
class Table:
    """A table for readers."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def tabulate(
    table: pl.DataFrame,
    scheme: Scheme,
    caption: str,
    *,
    most: int = MOST_ROWS,
    others: str = "the data beside this page has all",
) -> Table:
    """A tidy table with names instead of ids and percents instead of shares, the strongest findings first.

    Args:
        table: tidy rows.
        scheme: the labels.
        caption: of the table.
        most: rows that are shown.
        others: where those are that are not.
    """
    verdict = next((c for c in ("corrected_discovery", "discovery", "differs") if c in table.columns), None)
    q = {"corrected_discovery": "corrected_q", "discovery": "q", "differs": "q"}.get(verdict or "")
    if q:
        table = table.sort(q, nulls_last=True, maintain_order=True)
    if table.height > most:
        caption += f": the first {most} of {table.height:,} rows; {others}"
        table = table.head(most)
    columns = [column for column in table.columns if column not in _HIDDEN]
    names = {speaker.id: (speaker.name, i) for i, speaker in enumerate(scheme.speakers)}
    stances = {stance.id: stance.name for stance in scheme.stances}
    rows = [
        Row(
            tuple(_cell(column, row[column], row, names, stances) for column in columns),
            strong=verdict is not None and bool(row[verdict]),
        )
        for row in table.to_dicts()
    ]
    return Table(caption, tuple(column.replace("_", " ") for column in columns), tuple(rows))


def _cell(
    column: str, value: object, row: dict[str, object], names: dict[str, tuple[str, int]], stances: dict[str, str]
) -> Cell:
    if value is None:
        return Cell("", "", number=False, speaker=None)
    if isinstance(value, bool):
        return Cell("yes" if value else "no", str(int(value)), number=False, speaker=None)
    if isinstance(value, int):
        return Cell(f"{value:,}", str(value), number=True, speaker=None)
    if isinstance(value, float):
        return Cell(_number(column, value, row), repr(value), number=True, speaker=None)
    text = str(value)
    if column in ("item", "human", "model"):
        return _label(text, names, stances)
    return Cell(text, text, number=False, speaker=None)


def _label(text: str, names: dict[str, tuple[str, int]], stances: dict[str, str]) -> Cell:
    if text in names:
        return Cell(names[text][0], names[text][0], number=False, speaker=names[text][1])
    for mark, word in ((">", " then "), (":", " against ")):
        if mark in text and all(part in names for part in text.split(mark)):
            text = word.join(names[part][0] for part in text.split(mark))
    return Cell(stances.get(text, text), text, number=False, speaker=None)


def _number(column: str, value: float, row: dict[str, object]) -> str:
    percent = row.get("measure", "speaker") in _PERCENT and (column in _VALUES or column.endswith(("low", "high")))
    if percent or column in _ALWAYS_PERCENT:
        return f"{100 * value:.1f} %"
    if column in ("p", "q", "corrected_p", "corrected_q"):
        return "< 0.001" if value < 0.001 else f"{value:.3f}"
    return f"{value:.2f}"
