"""Which article counts in which group: grouping, and wire copy counted once, set apart, or every time."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ..model.dates import DATE_PATTERNS
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

    @property
    def n_outside_total(self) -> int:
        """Articles that count in a group but not in the total of all groups: copies of a story in other groups."""
        return len({article for article, inside in zip(self.articles, self.in_total, strict=True) if not inside})


def lay_out(table: pl.DataFrame, by: str, wire: str) -> tuple[pl.DataFrame, Layout]:
    """Group a prepared table by a column.

    Args:
        table: prepared rows.
        by: a column, or `year` or `month`.
        wire: `once`: of the copies of one story in one group, the earliest counts, and the earliest of all in the
            total; `apart`: stories of which there are copies form a group of their own, each once; `all`: every copy
            counts.

    Returns:
        The rows that count, with `group` and `cell`, and the layout.

    Raises:
        RowError: no such column, no such mode, or a group is called what the report calls something else.
    """
    if wire not in WIRE_MODES:
        raise RowError("unknown way to count wire copy", expected=f"one of {', '.join(WIRE_MODES)}", found=repr(wire))
    table = grouped(table, by)
    _check_names(table, by)
    cells = table.group_by("article", "group").agg(pl.col("cluster", "date").first()).sort("article", "group")
    copies = pl.col("cluster").is_not_null() & (pl.col("article").n_unique().over("cluster") > 1)
    if wire == "apart":
        cells = cells.with_columns(pl.when(copies).then(pl.lit(WIRE_GROUP)).otherwise("group").alias("wire_group"))
    else:
        cells = cells.with_columns(pl.col("group").alias("wire_group"))
    n_before = cells.height
    in_total = pl.lit(value=True)
    if wire != "all":
        story = pl.coalesce(pl.format("story {}", "cluster"), pl.format("article {}", "article"))
        cells = _earliest_first(cells.with_columns(story.alias("story")))
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


def _check_names(table: pl.DataFrame, by: str) -> None:
    for name in (ALL, WIRE_GROUP):
        if (table["group"] == name).any():
            raise RowError(
                f"a value of {by!r} is {name!r}, which the report calls something else",
                expected="another name for this group",
                found=f"article {table.filter(pl.col('group') == name)['article'][0]!r}",
                hint=f"rename it in the column {by!r} of the rows",
            )


def _earliest_first(cells: pl.DataFrame) -> pl.DataFrame:
    """Cells so that of the copies of a story the one that counts comes first: the earliest day, then by lot.

    Agencies send a story to all outlets on one day. Which copy counts then must not hang on the outlet: article ids
    often start with its name. A hash of story and article is a lot that falls the same way every time. Hours are not
    looked at, because some outlets give them and others do not; dates that are not ISO have no order.
    """
    day = pl.when(pl.col("date").str.contains(DATE_PATTERNS["year"])).then(pl.col("date").str.slice(0, 10))
    named = zip(cells["story"], cells["article"], strict=True)
    lots = [hashlib.sha256(f"{story}\n{article}".encode()).hexdigest() for story, article in named]
    ordered = cells.with_columns(day.alias("day"), pl.Series("lot", lots, dtype=pl.String))
    return ordered.sort("day", "lot", nulls_last=True)
