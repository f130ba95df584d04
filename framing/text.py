"""The report for pipelines: Markdown, CSV and JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import polars as pl

from ..model.scheme import Scheme
from .findings import ALL, Findings, View
from .methods import Provenance, methods
from .summary import summary
from .tabulate import tabulate

#: The tables of a view by the names that they have in files.
TABLES: dict[str, Callable[[View], pl.DataFrame | None]] = {
    "estimates": lambda view: view.estimates,
    "voices": lambda view: view.voices,
    "differences": lambda view: view.differences,
    "distances": lambda view: view.distances,
    "scores": lambda view: view.scores,
    "confusion": lambda view: view.confusion,
    "error_tests": lambda view: view.tests,
}
#: Rows of a table in Markdown: it is for reading.
_MOST_ROWS = 60


def to_csv(findings: Findings) -> str:
    """All estimates and differences of all views as one tidy table.

    A difference has its second group in `versus`, and the difference in `estimate` (and `corrected`).
    """
    parts = []
    for view in findings.views:
        parts.append(view.estimates)
        if view.differences.height:
            renamed = {"difference": "estimate", "corrected_difference": "corrected"}
            parts.append(view.differences.rename({a: b for a, b in renamed.items() if a in view.differences.columns}))
    table = pl.concat(parts, how="diagonal_relaxed")
    first = [column for column in ("by", "measure", "group", "versus", "item") if column in table.columns]
    return table.select(*first, pl.exclude(first)).write_csv()


def to_json(findings: Findings, provenance: Provenance) -> str:
    """Everything: summary, methods, files and all tables, one object a view."""
    data = {
        "summary": summary(findings, provenance.learned),
        "methods": methods(findings, provenance),
        "files": [{"role": s.role, "name": s.name, "sha256": s.sha256} for s in provenance.sources],
        "scheme": findings.scheme.to_dict(),
        "views": [_view(view) for view in findings.views],
        "wire": _rows(findings.wire),
    }
    return json.dumps(data, ensure_ascii=False, indent=1) + "\n"


def _view(view: View) -> dict[str, Any]:
    tables = tables_of(view)
    return {"by": view.by, "groups": list(view.groups), **{name: _rows(table) for name, table in tables.items()}}


def _rows(table: pl.DataFrame | None) -> list[dict[str, Any]] | None:
    return None if table is None else table.to_dicts()


def tables_of(view: View) -> dict[str, pl.DataFrame]:
    """The view's tables by name, those that have rows."""
    tables = {name: table_of(view) for name, table_of in TABLES.items()}
    return {name: table for name, table in tables.items() if table is not None and table.height}


def to_markdown(findings: Findings, provenance: Provenance) -> str:
    """The summary, the main tables and the methods."""
    scheme = findings.scheme
    lines = [f"# Framing report: {_escape(scheme.title or scheme.name)}", ""]
    for paragraph in summary(findings, provenance.learned):
        lines += [_escape(paragraph), ""]
    for view in findings.views:
        lines += [f"## By {_escape(view.by)}", ""]
        for measure in ("speaker", "asserted", "silent", "lean"):
            table = view.estimates.filter(pl.col("measure") == measure)
            if table.height > _MOST_ROWS:
                # Not all groups have room: what all of them say together must.
                table = pl.concat([table.filter(pl.col("group") == ALL), table.filter(pl.col("group") != ALL)])
            if table.height:
                columns = ("measure", "group", "item", "n_articles", "estimate", "low", "high", "note")
                corrected = [c for c in ("corrected", "corrected_low", "corrected_high") if c in table.columns]
                lines += _table(table.select(*columns, *corrected), scheme, measure)
        if view.differences.height:
            lines += _table(view.differences, scheme, "Differences")
    lines += ["## Methods", ""]
    for paragraph in methods(findings, provenance):
        lines += [_escape(paragraph), ""]
    return "\n".join(lines)


def _table(found: pl.DataFrame, scheme: Scheme, caption: str) -> list[str]:
    table = tabulate(found, scheme, caption, most=_MOST_ROWS, others="`--format csv` has all")
    lines = [f"**{table.caption}**", "", "| " + " | ".join(table.columns) + " |"]
    lines.append("|" + " --- |" * len(table.columns))
    lines += ["| " + " | ".join(_escape(cell.text) for cell in row.cells) + " |" for row in table.rows]
    return [*lines, ""]


def _escape(text: str) -> str:
    """Text that Markdown shows as it is: no markup, no HTML, no line break."""
    for character in "\\`*_[]<>|#":
        text = text.replace(character, f"\\{character}")
    return " ".join(text.split())
