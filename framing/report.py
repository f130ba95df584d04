"""The report folder: the page, the data of every figure, and the figures for a paper."""

from __future__ import annotations

import io
import re
from pathlib import Path

import polars as pl

from ..model.rowfiles import whole_file
from .charts import matrix, panels
from .figures import draw_matrix, draw_panels, draw_voices
from .findings import Findings, View
from .measures import MEASURES, lean
from .methods import Provenance
from .page import FIGURES, html_pages, prefix_of
from .text import TABLES, tables_of

_PAGES = re.compile(r"articles-\d{3,}\.html")
_DATA = re.compile(rf"(by-.+-)?({'|'.join((*TABLES, *MEASURES, 'lean'))})\.(csv|parquet)|wire\.(csv|parquet)")
_DRAWINGS = re.compile(rf"(by-.+-)?({'|'.join(('voices', 'follows', *FIGURES))})\.(svg|png)")


def write_report(findings: Findings, provenance: Provenance, folder: Path) -> list[Path]:
    """Write the whole report; returns the pages, the main one first.

    What an earlier report in the folder had and this one has not is removed: it would pass for part of this one.

    Raises:
        OSError: the folder cannot be written.
    """
    drawn: set[str] = set()
    tables: set[str] = set()
    for view in findings.views:
        prefix = prefix_of(findings, view)
        tables |= _write_data(view, folder / "data", prefix)
        drawn |= _write_figures(findings, view, folder / "figures", prefix)
    if findings.wire is not None:
        _write_table(findings.wire, folder / "data", "wire")
        tables.add("wire")
    written = []
    for name, html in html_pages(findings, provenance, frozenset(drawn)):
        with whole_file(folder / name) as file:
            file.write(html)
        written.append(folder / name)
    _clear(folder, _PAGES, {path.stem for path in written})
    _clear(folder / "data", _DATA, tables)
    _clear(folder / "figures", _DRAWINGS, drawn)
    return written


def _clear(folder: Path, ours: re.Pattern[str], kept: set[str]) -> None:
    """Remove files of names that a report writes, but for those of these stems."""
    for path in list(folder.iterdir()):
        if ours.fullmatch(path.name) and path.stem not in kept and path.is_file():
            path.unlink()


def _write_data(view: View, folder: Path, prefix: str) -> set[str]:
    """Write the view's tables; returns their names."""
    tables = {prefix + name: table for name, table in tables_of(view).items()}
    for measure in view.estimates["measure"].unique():
        tables[prefix + measure] = view.estimates.filter(pl.col("measure") == measure)
    for name, table in tables.items():
        _write_table(table, folder, name)
    return set(tables)


def _write_table(table: pl.DataFrame, folder: Path, name: str) -> None:
    with whole_file(folder / f"{name}.csv", newline="") as file:
        file.write(table.write_csv())
    buffer = io.BytesIO()
    table.write_parquet(buffer)
    with whole_file(folder / f"{name}.parquet", binary=True) as file:
        file.write(buffer.getvalue())


def _write_figures(findings: Findings, view: View, folder: Path, prefix: str) -> set[str]:
    """Draw the view's figures; returns their names."""
    scheme = findings.scheme
    drawn = {"voices": draw_voices(view, scheme)}
    for name in FIGURES:
        found = panels(view, scheme, name)
        if found:
            pair = findings.plan.lean
            title = MEASURES[name].title if name != "lean" or pair is None else lean(pair, scheme).title
            drawn[name] = draw_panels(found, title, scheme)
    if (view.estimates["measure"] == "follows").any():
        drawn["follows"] = draw_matrix(matrix(view, scheme), scheme)
    for name, files in drawn.items():
        for suffix, data in files.items():
            with whole_file(folder / f"{prefix}{name}.{suffix}", binary=True) as file:
                file.write(data)
    return {prefix + name for name in drawn}
