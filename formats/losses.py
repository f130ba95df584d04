"""What a file could not hold: the rows that were written against the rows that are read back from it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

from ..model.records import LabelledSentence, to_row
from ..model.rowfiles import table_cell
from .base import annotator_of

#: Excel keeps 15 digits of a number; Python writes 17.
_DIGITS = 1e-14


def losses(written: Sequence[LabelledSentence], back: Sequence[LabelledSentence], where: str) -> list[str]:
    """What differs, a line for each column and kind of difference; nothing where nothing was lost.

    A column that is empty (None or "") counts as absent: tables do not tell the two apart.

    Args:
        written: the rows as they were.
        back: the rows as the file gives them back, in any order.
        where: the file's name, for the lines.
    """
    found = {_identity(row): _filled(row) for row in back}
    missing = [row for row in written if _identity(row) not in found]
    lost: Counter[str] = Counter()
    as_text: Counter[str] = Counter()
    changed: Counter[str] = Counter()
    for row in written:
        other = found.get(_identity(row))
        if other is None:
            continue
        for column, value in _filled(row).items():
            if column not in other:
                lost[column] += 1
            elif not _same(value, other[column]):
                (as_text if other[column] in (str(value), table_cell(value)) else changed)[column] += 1
    lines = [f"{where} does not hold the column {column} ({n} values)" for column, n in lost.items()]
    lines += [f"{where} holds the column {column} as text ({n} values)" for column, n in as_text.items()]
    lines += [f"{where} holds other values in the column {column} ({n} rows)" for column, n in changed.items()]
    if missing:
        first = f"sentence {missing[0].sentence} of article {missing[0].article}"
        lines.append(f"{where} does not hold {len(missing)} sentences, the first of them {first}")
    others = sorted({row.article for row in back} - {row.article for row in written})
    if others:
        # A folder is written into as it stands, and reads back whole.
        lines.append(f"{where} holds {len(others)} other articles, written there before, the first of them {others[0]}")
    return lines


def _same(value: object, other: object) -> bool:
    """Whether nothing was lost: a number is the same as its digits in a table, and in all that Excel keeps of them."""
    if isinstance(value, float) and isinstance(other, float):
        return value == other or math.isclose(value, other, rel_tol=_DIGITS)
    if isinstance(value, int | float) and not isinstance(value, bool) and isinstance(other, str):
        return other == str(value)
    return value == other


def _identity(row: LabelledSentence) -> tuple[str, int, str]:
    return row.article, row.sentence, annotator_of(row)


def _filled(row: LabelledSentence) -> dict[str, Any]:
    return {column: value for column, value in to_row(row).items() if value is not None and value != ""}
