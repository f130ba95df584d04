"""One part of a run: a header line, a line for each failure, a line for each row.

Parts are bounded in rows and in time, so a killed run loses at most that. Where they end does not matter for the
final file.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import IO

from ..model.errors import SaysoError
from ..model.labeller import LabelledArticle, failure_of
from ..model.readers.settings import Failure
from ..model.rowfiles import json_line, whole_file
from .totals import Totals, totals_of

#: A part ends when it has this many rows or outcomes, or is this old.
MAX_ROWS, MAX_OUTCOMES, MAX_SECONDS = 1000, 1000, 20.0
#: Kinds of value of a column that sayso does not know, as they matter to a typed table.
NULL, BOOL, INTEGER, NUMBER, TEXT, NESTED = "null", "bool", "integer", "number", "text", "nested"


def kind_of_value(value: object) -> str:
    """Which of the kinds above a value is."""
    match value:
        case None:
            return NULL
        case bool():
            return BOOL
        case int():
            return INTEGER if -(2**63) <= value < 2**63 else TEXT
        case float():
            return NUMBER
        case str():
            return TEXT
    return NESTED


@dataclass(frozen=True, slots=True)
class Encoded:
    """One outcome as a part keeps it.

    Attributes:
        totals: its counts.
        columns: column that sayso does not know to the kinds of its values.
        failure: what could not be read or labelled, in place of rows.
        rows: lines of JSON.
    """

    totals: Totals
    columns: Mapping[str, tuple[str, ...]]
    failure: Failure | None
    rows: tuple[str, ...]


def encode(outcome: LabelledArticle | Failure) -> Encoded:
    """Make ready for a part; an article with a row that no line can hold becomes a failure."""
    if isinstance(outcome, Failure):
        return Encoded(totals_of(outcome), {}, outcome, ())
    try:
        return _encoded(outcome)
    except Exception as error:  # one article must not cost the others
        return encode(failure_of(outcome.article, error))


def _encoded(outcome: LabelledArticle) -> Encoded:
    kinds: dict[str, dict[str, None]] = {}
    for row in outcome.rows:
        for column, value in row.extra.items():
            kinds.setdefault(column, {})[kind_of_value(value)] = None
    columns = {column: tuple(found) for column, found in kinds.items()}
    lines = tuple(json_line(row) for row in outcome.rows)
    "".join(lines).encode()  # raises where the part, which is UTF-8, could not be written
    return Encoded(totals_of(outcome), columns, None, lines)


@dataclass(frozen=True, slots=True)
class PartHeader:
    """What a part holds.

    Attributes:
        digests: of each article that went in, in order; "" for one that failed.
        totals: counts; it has `n_failed` lines of failures and `n_sentences` rows.
        columns: column that sayso does not know to the kinds of its values, in the order first met.
        is_last: whether the inputs ended with it.
    """

    digests: tuple[str, ...]
    totals: Totals
    columns: Mapping[str, tuple[str, ...]]
    is_last: bool

    @classmethod
    def from_line(cls, line: str) -> PartHeader:
        """Read a part's first line."""
        data = json.loads(line)
        columns = {column: tuple(kinds) for column, kinds in data["columns"].items()}
        return cls(tuple(data["digests"]), Totals(**data["totals"]), columns, data["is_last"])


class PartBuilder:
    """Gathers outcomes until they are a part."""

    def __init__(self) -> None:
        self._digests: list[str] = []
        self._totals = Totals()
        self._columns: dict[str, dict[str, None]] = {}
        self._failures: list[str] = []
        self._rows: list[str] = []
        self._began = time.monotonic()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is in it."""
        return not self._digests

    @property
    def is_full(self) -> bool:
        """Whether it should be written now."""
        return (
            len(self._rows) >= MAX_ROWS
            or len(self._digests) >= MAX_OUTCOMES
            or (not self.is_empty and time.monotonic() - self._began >= MAX_SECONDS)
        )

    def add(self, outcome: Encoded, digest: str) -> None:
        """Take one outcome.

        Args:
            outcome: rows or a failure.
            digest: of the article that went in.
        """
        self._totals += outcome.totals
        for column, kinds in outcome.columns.items():
            self._columns.setdefault(column, {}).update(dict.fromkeys(kinds))
        if outcome.failure is not None:
            self._failures.append(json.dumps(asdict(outcome.failure), ensure_ascii=False))
        self._digests.append(digest if outcome.failure is None else "")
        self._rows += outcome.rows

    def write(self, path: Path, *, is_last: bool) -> None:
        """Write the part whole, or not at all."""
        columns = {column: tuple(kinds) for column, kinds in self._columns.items()}
        header = PartHeader(tuple(self._digests), self._totals, columns, is_last)
        with whole_file(path, newline="\n") as file:
            for line in (json.dumps(asdict(header), ensure_ascii=False), *self._failures, *self._rows):
                file.write(line + "\n")


def read_header(path: Path) -> PartHeader:
    """The header of a part.

    Raises:
        SaysoError: the part is broken.
    """
    with path.open(encoding="utf-8", newline="\n") as file:
        return _header(file, path)


def read_failures(path: Path) -> Iterator[str]:
    """The lines of a part's failures."""
    with path.open(encoding="utf-8", newline="\n") as file:
        header = _header(file, path)
        yield from islice(file, header.totals.n_failed)


def read_row_lines(path: Path) -> Iterator[str]:
    """The lines of a part's rows.

    Raises:
        SaysoError: the part is broken.
    """
    with path.open(encoding="utf-8", newline="\n") as file:
        header = _header(file, path)
        for _ in islice(file, header.totals.n_failed):
            pass
        n_rows = 0
        for line in file:
            n_rows += 1
            yield line
        if n_rows != header.totals.n_sentences:
            raise _broken(path, f"{n_rows} rows, and {header.totals.n_sentences} in its header")


def _header(file: IO[str], path: Path) -> PartHeader:
    try:
        return PartHeader.from_line(file.readline())
    except (ValueError, KeyError, TypeError) as error:
        raise _broken(path, repr(error)) from None


def _broken(path: Path, found: str) -> SaysoError:
    return SaysoError(f"{path} is broken", found=found, hint="--fresh starts anew")
