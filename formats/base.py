"""What every format is made of: a reader, a writer, and what they are told and tell."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

from ..model.errors import RowError, SaysoError
from ..model.records import LabelledSentence, from_row, to_row
from ..model.rowfiles import not_utf8, plain_json
from ..model.scheme import Scheme


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How to read a file of labelled sentences.

    Attributes:
        scheme: the labels of the study; None: labels are taken as they stand.
        columns: our name of a column (`speaker`) to the file's name of it (`who`), where the two differ.
    """

    scheme: Scheme | None = None
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file held.

    Attributes:
        rows: in the order of the file; sentences without a label have "" for it. Where several people labelled a
            sentence it stands there once for each, told apart by the column `annotator`.
        notes: what was left out or guessed, a line each.
        places: where each row stands ("labels.csv:7"), in formats in which a person would look there; else ().
    """

    rows: tuple[LabelledSentence, ...]
    notes: tuple[str, ...] = ()
    places: tuple[str, ...] = ()

    def placed(self, path: Path) -> list[tuple[str, LabelledSentence]]:
        """Each row with where it stands: in a line of the file, or as a sentence of an article."""
        places = self.places or [f"{path}, sentence {row.sentence} of {row.article}" for row in self.rows]
        return list(zip(places, self.rows, strict=True))


Reader = Callable[[Path, ReadOptions], Reading]
Writer = Callable[[Path, Sequence[LabelledSentence], Scheme | None], None]


@dataclass(frozen=True, slots=True)
class Format:
    """One format.

    Attributes:
        name: what `--from` and `--to` call it.
        title: what its tool is called, and what a file of it is.
        suffixes: of files that are written in it unless `--to` says otherwise.
        recognises: whether an existing file or folder is of this format, by its name and its first lines.
        read: reads it.
        write: writes it; None: it can only be read.
    """

    name: str
    title: str
    suffixes: tuple[str, ...]
    recognises: Callable[[Path], bool]
    read: Reader
    write: Writer | None = None


@contextmanager
def needs(package: str, what: str) -> Iterator[None]:
    """Turn a missing library into an error that says what to install.

    Args:
        package: the library's name on the registry.
        what: what it is needed for ("Excel files").
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0].replace("_", "-") not in package:
            raise
        raise SaysoError(
            f"{what} need the package {package}", found="not installed", hint="pip install 'sayso[convert]'"
        ) from None


def plain_columns(row: LabelledSentence, without: Iterable[str]) -> dict[str, Any]:
    """The row's columns that are not None, less those that the format has its own place for."""
    left_out = set(without)
    return {column: value for column, value in to_row(row).items() if value is not None and column not in left_out}


def open_note(rows: Sequence[LabelledSentence]) -> list[str]:
    """That some rows of a table lack a label, where others have one: of merged cells only the first holds anything.

    Where all lack one of the two, its column is named otherwise.
    """
    n_open = sum(not row.is_labelled for row in rows)
    if 0 < n_open < len(rows):
        return [f"{n_open} of {len(rows)} rows lack a label (were cells merged?)"]
    filled = {head for head in ("speaker", "stance") if any(getattr(row, head) for row in rows)}
    if n_open and len(filled) == 1:
        missing = "stance" if "speaker" in filled else "speaker"
        return [f"no row has a {missing}: is its column named otherwise? --column {missing}=NAME"]
    return []


def row_of(data: Mapping[str, Any], where: str, number: int) -> LabelledSentence:
    """A row, labelled or not, from columns that a format held.

    Raises:
        RowError: it has no text, or a value of the wrong kind.
    """
    return from_row(data, where, number, labelled=False)


def as_json(value: object) -> str:
    """One line of JSON, text as it is; what JSON does not know (dates of a workbook) as text, NaN as null."""
    return plain_json(value)


def load_json(text: str, where: str) -> Any:
    """JSON of any kind.

    Raises:
        RowError: it is none.
    """
    try:
        return json.loads(text)
    except ValueError as error:
        raise RowError(f"{where}: not JSON", found=str(error)) from None


def read_text(path: Path, *, keep_mark: bool = False) -> str:
    """A text file, line ends as they are, without a byte order mark.

    Args:
        path: the file.
        keep_mark: leave the byte order mark in, where offsets count it.

    Raises:
        RowError: it is not UTF-8.
    """
    try:
        return path.read_bytes().decode("utf-8" if keep_mark else "utf-8-sig")
    except UnicodeDecodeError:
        raise not_utf8(path) from None


def first_line(path: Path) -> str:
    """The first line of a file that is not blank, as well as it can be read; "" if there is none."""
    with path.open(encoding="utf-8-sig", errors="replace") as lines:
        return next((line.strip() for line in lines if line.strip()), "")


def articles_of(rows: Iterable[LabelledSentence]) -> Iterator[tuple[str, list[LabelledSentence]]]:
    """(article id, its rows in order of their sentences), articles in order of their first row."""
    first: dict[str, int] = {}
    placed = [(first.setdefault(row.article, len(first)), row.sentence, i, row) for i, row in enumerate(rows)]
    placed.sort(key=lambda item: item[:3])
    for _, members in groupby(placed, key=lambda item: item[0]):
        article = [row for _, _, _, row in members]
        yield article[0].article, article


#: In the place of a name: each sentence's first person who labelled it.
FIRST = "first"


def split_annotators(rows: Sequence[LabelledSentence]) -> dict[str, list[LabelledSentence]]:
    """Rows by the column `annotator`, people in order of first appearance; "" where it is not told."""
    by_person: dict[str, list[LabelledSentence]] = {}
    for row in rows:
        by_person.setdefault(annotator_of(row), []).append(row)
    return by_person


def annotator_of(row: LabelledSentence) -> str:
    """Who labelled the row; "" where it is not told (typed tables have None there)."""
    person = row.extra.get("annotator")
    return "" if person is None else str(person)


def of_annotator(rows: Sequence[LabelledSentence], annotator: str) -> list[LabelledSentence]:
    """One person's rows, or with FIRST each sentence's first labelled row (its first, where nobody labelled it).

    Raises:
        RowError: nobody is called so.
    """
    if annotator == FIRST:
        by_key: dict[tuple[str, int], LabelledSentence] = {}
        for row in rows:
            before = by_key.setdefault(row.key, row)
            if row.is_labelled and not before.is_labelled:
                by_key[row.key] = row
        return list(by_key.values())
    people = split_annotators(rows)
    if annotator not in people:
        raise RowError(f"no labels by {annotator!r}", expected=f"one of {', '.join(sorted(people))}, {FIRST}")
    return people[annotator]
