"""Label Studio's exports JSON_MIN, CSV and TSV: a row for each annotation, with data and labels side by side.

They are brought into the form of its JSON, which says which is which.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..model.errors import RowError
from ..model.rowfiles import told_lines
from .base import ReadOptions, first_line, read_text
from .documents import LABELS

_DELIMITERS = {".csv": ",", ".tsv": "\t"}
#: Columns that Label Studio adds; data of these names it has overwritten.
_OWN = ("id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time")


def is_table(path: Path) -> bool:
    """Whether it is a CSV or TSV file with the columns that Label Studio adds."""
    delimiter = _DELIMITERS.get(path.suffix.lower())
    if delimiter is None or not path.is_file():
        return False
    return {*_OWN} <= {column.strip('"') for column in first_line(path).split(delimiter)}


def is_flat(task: Mapping[str, Any]) -> bool:
    """Whether Label Studio wrote it with data and labels side by side; rows in a list of JSON have no such column."""
    return "data" not in task and "annotation_id" in task


def read_table(path: Path) -> list[dict[str, Any]]:
    """The rows of a CSV or TSV export, without empty cells.

    Raises:
        RowError: it is no table.
    """
    lines = io.StringIO(read_text(path), newline="")
    table = csv.DictReader(lines, delimiter=_DELIMITERS[path.suffix.lower()], strict=True)
    rows = list(told_lines(table, path))
    for number, row in enumerate(rows, 1):
        if None in row:
            raise RowError(f"{path}: row {number}: more cells than the header has columns")
    empty = dict.fromkeys(_OWN)
    return [{**empty, **{column: _cell(value) for column, value in row.items() if value}} for row in rows]


def _cell(value: str) -> Any:
    """What stands in a cell: spans, several choices and what was nested stand there as JSON."""
    if value.startswith(("[{", '{"')):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def unfolded(tasks: Sequence[Mapping[str, Any]], options: ReadOptions) -> list[dict[str, Any]]:
    """The rows as tasks of JSON, in order, those of one task from the first annotation to the last.

    Label Studio puts the last one first here, but not in JSON: one project would have two first annotators.
    """
    place: dict[str, int] = {}
    for task in tasks:
        place.setdefault(str(task.get("id")), len(place))
    return [
        _unfolded(task, options)
        for task in sorted(tasks, key=lambda task: (place[str(task.get("id"))], str(task.get("created_at"))))
    ]


def _unfolded(task: Mapping[str, Any], options: ReadOptions) -> dict[str, Any]:
    heads = {options.columns.get(head, head) for head in LABELS}
    data: dict[str, Any] = {}
    result: list[dict[str, Any]] = []
    for column, value in task.items():
        if column in _OWN:
            continue
        if isinstance(value, list) and value and all(isinstance(span, dict) and "labels" in span for span in value):
            result += [{"from_name": column, "type": "labels", "value": span} for span in value]
        elif column in heads:
            # One choice stands as it is, several as {"choices": [...]}.
            choices = value.get("choices") if isinstance(value, dict) else value
            listed = choices if isinstance(choices, list) else [choices]
            result.append({"from_name": column, "type": "choices", "value": {"choices": listed if choices else []}})
        else:
            data[column] = value
    annotation = {"completed_by": task.get("annotator"), "result": result}
    return {"id": task.get("id"), "data": data, "annotations": [] if task["annotation_id"] is None else [annotation]}
