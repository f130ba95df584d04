"""A table of figures: the same numbers as Markdown for people and as plain data for programs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

#: How a column's numbers are written: as they are, `12.3 %` of a share from 0 to 1, with two decimals, or as text.
Kind = Literal["text", "count", "share", "number"]
Cell = str | int | float


@dataclass(frozen=True, slots=True)
class Column:
    """A column's heading and the kind of its cells."""

    name: str
    kind: Kind = "count"


@dataclass(frozen=True, slots=True)
class Table:
    """A titled table; `rows` hold raw numbers, NaN where there is none.

    Attributes:
        title: what it shows.
        columns: one a cell of each row.
        rows: the first cell names the row.
        note: what a reader must know to read it, or "".
    """

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""

    def as_data(self) -> dict[str, Any]:
        """Plain data for JSON: a row is a mapping of column to number, None where there is none."""
        names = [column.name for column in self.columns]
        return {
            "title": self.title,
            "note": self.note,
            "rows": [dict(zip(names, map(_plain, row), strict=True)) for row in self.rows],
        }

    def as_markdown(self) -> str:
        """A Markdown table under its title."""
        written = [[column.name for column in self.columns]]
        written += [[_written(cell, c.kind) for cell, c in zip(row, self.columns, strict=True)] for row in self.rows]
        widths = [max(map(len, cells)) for cells in zip(*written, strict=True)]
        lines = [_line(cells, widths, self.columns) for cells in written]
        rule = [
            "-" * width if c.kind == "text" else "-" * (width - 1) + ":"
            for width, c in zip(widths, self.columns, strict=True)
        ]
        lines.insert(1, _line(rule, widths, self.columns))
        return "\n".join([f"**{self.title}**", "", *lines, *(["", self.note] if self.note else [])])


def _plain(cell: Cell) -> Cell | None:
    return None if isinstance(cell, float) and math.isnan(cell) else cell


def _written(cell: Cell, kind: Kind) -> str:
    if isinstance(cell, str):
        return cell
    if isinstance(cell, float) and math.isnan(cell):
        return ""
    if kind == "share":
        return f"{cell:.1%}".replace("%", " %")
    return f"{cell:.2f}" if kind == "number" else f"{cell:,}"


def _line(cells: Sequence[str], widths: Sequence[int], columns: Sequence[Column]) -> str:
    padded = [
        cell.ljust(width) if column.kind == "text" else cell.rjust(width)
        for cell, width, column in zip(cells, widths, columns, strict=True)
    ]
    return f"| {' | '.join(padded)} |"
