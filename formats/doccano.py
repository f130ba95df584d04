"""doccano: one line of JSON a sentence, for a project of text classification in which several labels may be given.

Labels are called `speaker:ID` and `stance:ID`; all other columns travel as metadata. Exports of sequence labelling
(spans in an article) are read too.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..model.errors import RowError
from ..model.records import PREDICTION_COLUMNS, LabelledSentence
from ..model.rowfiles import renamed, whole_file
from ..model.scheme import Scheme
from .base import Reading, ReadOptions, as_json, first_line, load_json, plain_columns, read_text, row_of
from .documents import LABELS, Document, Mark, cover, head_of

_STANCE_COLOUR = "#5f6368"
#: Where doccano has put a line's labels over its versions.
_LABEL_KEYS = ("label", "labels", "cats", "entities")
#: What a column of one's own called `label` travels under: doccano's list of labels has that name.
_OWN_LABEL = "label_in_file"


def is_doccano(path: Path) -> bool:
    """Whether its first line of JSON (or the first object of a list in it) has a list `label` and no `speaker`."""
    if path.suffix.lower() not in {".jsonl", ".json"} or not path.is_file():
        return False
    try:
        first = json.loads(first_line(path))
    except ValueError:
        return False
    if isinstance(first, list) and first:
        first = first[0]
    return (
        isinstance(first, dict) and "speaker" not in first and any(isinstance(first.get(k), list) for k in _LABEL_KEYS)
    )


def write_doccano(path: Path, rows: Sequence[LabelledSentence], scheme: Scheme | None) -> None:
    """Write lines of text, labels and metadata; with a scheme also its labels, `NAME.labels.json`, for the project.

    The model's probabilities are left out: doccano knows no predictions, only labels that people change.
    """
    plain = [plain_columns(row, ("text", *LABELS, *PREDICTION_COLUMNS)) for row in rows]
    # doccano reads lines into a table, and fails on cells that it has to fill itself: every line has every column.
    empty = dict.fromkeys((column for columns in plain for column in columns), "")
    with whole_file(path) as file:
        for row, columns in zip(rows, plain, strict=True):
            labels = [f"{head}:{label}" for head, label in zip(LABELS, (row.speaker, row.stance), strict=True) if label]
            own = {_OWN_LABEL if name == "label" else name: value for name, value in {**empty, **columns}.items()}
            file.write(as_json({"text": row.text, "label": labels, **own}) + "\n")
    if scheme is not None:
        with whole_file(path.with_suffix(".labels.json")) as file:
            file.write(as_json(label_types(scheme)) + "\n")


def label_types(scheme: Scheme) -> list[dict[str, str]]:
    """The labels as doccano imports them ("Labels", "Import labels")."""
    coloured = [(f"speaker:{speaker.id}", speaker.colour) for speaker in scheme.speakers]
    plain = [(f"stance:{stance.id}", _STANCE_COLOUR) for stance in scheme.stances]
    return [{"text": text, "background_color": colour, "text_color": "#ffffff"} for text, colour in coloured + plain]


def read_doccano(path: Path, options: ReadOptions) -> Reading:
    """Read an export as JSONL or JSON.

    Raises:
        RowError: a line is malformed, or has two labels of one kind.
    """
    rows: list[LabelledSentence] = []
    unknown: Counter[str] = Counter()
    for where, line in _lines(path):
        # An object, over its versions also null or text.
        meta = line.pop("meta") if isinstance(line.get("meta"), dict) else {}
        whole = {**meta, **{column: value for column, value in line.items() if value is not None}}
        data = renamed({column: value for column, value in whole.items() if value != ""}, options.columns)
        key = next((key for key in _LABEL_KEYS if key in data), None)
        labels = data.pop(key) if key is not None else []
        if not isinstance(labels, list):
            raise RowError(f"{where}: {key!r} is no list of labels", found=repr(labels)[:80], hint="--from rows?")
        if data.get("Comments") == []:
            del data["Comments"]
        if any(isinstance(label, list | dict) for label in labels):
            name = str(data.get("article", data.get("id", where)))
            document = Document(name, str(data.pop("text", "")), tuple(_marks(labels, where)), data)
            rows += cover(document, options, unknown)
            continue
        if _OWN_LABEL in data:
            data["label"] = data.pop(_OWN_LABEL)
        found = _classes(labels, options.scheme, unknown, where)
        row = row_of({**data, **found}, where, len(rows))
        # doccano numbers the lines of a project; a number of our own would be in the metadata.
        rows.append(replace(row, extra={column: value for column, value in row.extra.items() if column != "id"}))
    n_open = sum(not row.is_labelled for row in rows)
    notes = [f"{n_open} sentences without both labels"] if n_open else []
    if unknown:
        found_names = ", ".join(f"{value} ({n})" for value, n in unknown.most_common(10))
        notes.append(f"labels that are none of ours: {found_names}" + ("" if options.scheme else "; name a --scheme"))
    return Reading(tuple(rows), tuple(notes))


def _lines(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    text = read_text(path)
    found: Iterator[tuple[str, Any]]
    if text.lstrip().startswith("["):
        found = ((f"{path}: example {number}", data) for number, data in enumerate(load_json(text, str(path)), 1))
    else:
        lines = ((f"{path}:{number}", line) for number, line in enumerate(text.split("\n"), 1) if line.strip())
        found = ((where, load_json(line, where)) for where, line in lines)
    for where, data in found:
        if not isinstance(data, dict):
            raise RowError(f"{where}: not a JSON object", found=type(data).__name__)
        yield where, data


def _classes(labels: Sequence[Any], scheme: Scheme | None, unknown: Counter[str], where: str) -> dict[str, str]:
    found = dict.fromkeys(LABELS, "")
    for label in labels:
        known = head_of(str(label), scheme)
        if known is None:
            unknown[str(label)] += 1
            continue
        head, value = known
        if found[head] not in {"", value}:
            raise RowError(f"{where}: two labels for {head}", expected="one", found=f"{found[head]}, {value}")
        found[head] = value
    return found


def _marks(labels: Sequence[Any], where: str) -> Iterator[Mark]:
    for label in labels:
        try:
            if isinstance(label, dict):
                start, end, value = label["start_offset"], label["end_offset"], label["label"]
            else:
                start, end, value = label
            yield Mark(int(start), int(end), {"": str(value)})
        except (KeyError, TypeError, ValueError):
            raise RowError(f"{where}: bad span", expected="[start, end, label]", found=str(label)) from None
