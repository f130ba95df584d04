"""Our own rows as a format: JSONL, CSV, TSV and Parquet by suffix."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..model.records import LabelledSentence
from ..model.rowfiles import ROW_SUFFIXES, read_placed_rows, separator_notes, write_rows
from ..model.scheme import Scheme
from .base import Reading, ReadOptions, open_note


def is_rows(path: Path) -> bool:
    """Whether it ends in a suffix of our rows."""
    return path.suffix.lower() in ROW_SUFFIXES


def read_row_file(path: Path, options: ReadOptions) -> Reading:
    """Read rows, labelled or not.

    Raises:
        RowError: the file is missing or wrong; it names the line.
    """
    placed = list(read_placed_rows(path, labelled=False, columns=options.columns, header=("text",)))
    rows = tuple(row for _, row in placed)
    notes = *separator_notes(path, options.columns.get("text", "text")), *open_note(rows)
    return Reading(rows, notes, tuple(where for where, _ in placed))


def write_row_file(path: Path, rows: Sequence[LabelledSentence], _scheme: Scheme | None) -> None:
    """Write rows in the form that the suffix names."""
    write_rows(path, rows)
