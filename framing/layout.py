"""Which article counts in which group: grouping, and wire copy counted once, set apart, or every time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ..model.errors import RowError
from .measures import Ints
from .table import grouped

WIRE_MODES = ("once", "apart", "all")
WIRE_GROUP = "(wire copy)"
ALL = "(all)"


@dataclass(frozen=True, slots=True)
class Layout:
    """The cells of a table: one for each article and group.

    Attributes:
        groups: names of the groups, in order.
        group: (n_cells,) index into `groups`.
        articles: (n_cells,) article ids.
        in_total: (n_cells,) whether the cell counts in the total of all groups (a story that several groups carry
            counts once there, unless every copy is wanted).
        nested: whether every article lies in one group, so that groups are independent.
        n_copies: articles left out as copies of another one in the same group.
    """

    groups: tuple[str, ...]
    group: Ints
    articles: tuple[str, ...]
    in_total: NDArray[np.bool_]
    nested: bool
    n_copies: int

    @property
    def n_cells(self) -> int:
        """Number of cells."""
        return len(self.group)


def lay_out(table: pl.DataFrame, by: str, wire: str) -> tuple[pl.DataFrame, Layout]:
    """Group a prepared table by a column.

    Args:
        table: prepared rows.
        by: a column, or `year` or `month`.
        wire: `once`: of the copies of one story in one group, the earliest counts; `apart`: stories of which there
            are copies form a group of their own, each once; `all`: every copy counts.

    Returns:
        The rows that count, with `group` and `cell`, and the layout.

    Raises:
        RowError: no such column, or no such mode.
    """
    if wire not in WIRE_MODES:
        raise RowError("unknown way to count wire copy", expected=f"one of {', '.join(WIRE_MODES)}", found=repr(wire))
    table = grouped(table, by)
    cells = table.group_by("article", "group").agg(pl.col("cluster", "date").first()).sort("article", "group")
    copies = pl.col("cluster").is_not_null() & (pl.col("article").n_unique().over("cluster") > 1)
    if wire == "apart":
        cells = cells.with_columns(pl.when(copies).then(pl.lit(WIRE_GROUP)).otherwise("group").alias("wire_group"))
    else:
        cells = cells.with_columns(pl.col("group").alias("wire_group"))
    n_before = cells.height
    in_total = pl.lit(value=True)
    if wire != "all":
        story = pl.coalesce(pl.col("cluster"), pl.format("article {}", "article"))
        cells = cells.with_columns(story.alias("story")).sort("date", "article", nulls_last=True)
        earliest = pl.col("article") == pl.col("article").first().over("wire_group", "story")
        cells = cells.filter(earliest)
        in_total = pl.col("article") == pl.col("article").first().over("story")
    cells = cells.with_columns(in_total.alias("in_total")).sort("article", "group").with_row_index("cell")
    table = table.join(cells.select("article", "group", "cell", "wire_group"), on=["article", "group"], how="inner")
    table = table.with_columns(pl.col("wire_group").alias("group")).drop("wire_group").sort("article", "sentence")
    groups = sorted(cells["wire_group"].unique(), key=lambda name: (name == WIRE_GROUP, name))
    layout = Layout(
        groups=tuple(groups),
        group=cells["wire_group"].cast(pl.Enum(groups)).to_physical().cast(pl.Int64).to_numpy(),
        articles=tuple(cells["article"]),
        in_total=cells["in_total"].to_numpy(),
        nested=cells["article"].n_unique() == cells.height,
        n_copies=n_before - cells.height,
    )
    return table, layout
