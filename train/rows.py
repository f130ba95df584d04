"""A study's labelled rows, checked before they teach: what is wrong is an error, what is left out is said."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..formats.labels import by_id, check_known
from ..model.errors import RowError
from ..model.records import LabelledSentence
from ..model.rowfiles import read_placed_rows, separator_notes
from ..model.scheme import Scheme

#: Faults of one kind that an error names; it counts the others.
N_NAMED = 10


@dataclass(frozen=True, slots=True)
class PlacedRow:
    """A row, labelled or not, and where it stands ("labels.csv:7")."""

    where: str
    row: LabelledSentence


@dataclass(frozen=True, slots=True)
class RowFile:
    """The rows of a file in order, and what its reader left out or guessed, a line each."""

    rows: tuple[PlacedRow, ...]
    notes: tuple[str, ...] = ()


RowReader = Callable[[Path, Scheme], RowFile]


def read_row_file(path: Path, _scheme: Scheme) -> RowFile:
    """Rows of a .jsonl, .csv, .tsv or .parquet file; a missing label is "".

    Raises:
        RowError: the file is missing or wrong; it names the line.
    """
    rows = tuple(PlacedRow(where, row) for where, row in read_placed_rows(path, labelled=False))
    return RowFile(rows, tuple(separator_notes(path)))


def checked_rows(file: RowFile, scheme: Scheme, name: str) -> tuple[list[LabelledSentence], list[str]]:
    """The rows to learn from, and what was left out, a line for each reason.

    Sentences without both labels are kept where they belong to an article: they are read as context, and teach
    nothing. By themselves they are left out.

    Args:
        file: the rows.
        scheme: whose labels they must have.
        name: of the file, for the lines.

    Raises:
        SchemeError: labels are not of the scheme: all of them, with how often and where first.
        RowError: nothing is labelled, a sentence has two different labels or texts, or a row has no text.
    """
    if not any(placed.row.is_labelled for placed in file.rows):
        raise RowError(
            f"{name} holds no labelled sentence",
            expected="rows with a speaker and a stance",
            found=f"{len(file.rows)} rows",
            hint="if its columns have other names: `sayso convert FROM TO --column speaker=NAME --column stance=NAME`",
        )
    rows = [placed for placed in file.rows if placed.row.is_labelled or not placed.row.is_alone]
    notes = [f"{name}: {note}" for note in file.notes]
    if len(rows) < len(file.rows):
        notes.append(f"{name}: rows left out because they lack a label: {len(file.rows) - len(rows)}")
    for placed in rows:
        if not placed.row.text.strip():
            raise RowError(f"{placed.where}: no text", expected="a sentence", hint="codes alone teach nothing")
    named, how = by_id([placed.row for placed in rows], scheme)
    notes += [f"{name}: {note}" for note in how]
    rows = [PlacedRow(placed.where, row) for placed, row in zip(rows, named, strict=True)]
    check_known(((placed.row, placed.where) for placed in rows if placed.row.is_labelled), scheme)
    n_predicted = sum(placed.row.is_labelled and placed.row.is_prediction for placed in rows)
    if n_predicted:
        notes.append(
            f"{name}: WARNING: {n_predicted} labelled rows hold a model's probabilities. If nobody has checked their "
            "labels, a model learns its own mistakes from them: learn from what people labelled"
        )
    if rows and all(placed.row.is_alone for placed in rows):
        notes.append(
            f"{name}: rows name no article: each is read, and held out, by itself. If several are of one article, the "
            "scores flatter: give them a column `article` (and `sentence`)"
        )
    kept, n_twice = _each_once(rows)
    if n_twice:
        notes.append(f"{name}: rows left out because another row of the same sentence says as much: {n_twice}")
    n_open = sum(not row.is_labelled for row in kept)
    if n_open:
        notes.append(f"{name}: sentences that lack a label and are only read as context: {n_open}")
    return kept, notes


def check_across(files: Sequence[tuple[Path, RowFile]], scheme: Scheme) -> list[str]:
    """See that no sentence has one label in one file and another in the next.

    Args:
        files: path and rows, each file checked by itself.
        scheme: whose labels they have; names and other letters mean its ids.

    Returns:
        A note of sentences that have one number in one article and different texts, if there are such.

    Raises:
        RowError: sentences have two different labels; each is named with where both stand.
    """
    first: dict[tuple[tuple[str, int] | None, str], PlacedRow] = {}
    texts: dict[tuple[str, int], PlacedRow] = {}
    clashes: list[tuple[PlacedRow, PlacedRow]] = []
    others: list[tuple[PlacedRow, PlacedRow]] = []
    for path, file in files:
        for placed, row in zip(file.rows, by_id([placed.row for placed in file.rows], scheme)[0], strict=True):
            if not row.is_labelled:
                continue
            where = placed.where if str(path) in placed.where else f"{path}, {placed.where}"
            here = PlacedRow(where, row)
            # As within a file, but for the text: two files may number two different texts of an article alike.
            before = first.setdefault(_sentence(row), here)
            if (before.row.speaker, before.row.stance) != (row.speaker, row.stance):
                clashes.append((before, here))
            if not row.is_alone and _normal((same := texts.setdefault(row.key, here)).row.text) != _normal(row.text):
                others.append((same, here))
    if clashes:
        raise _two_labels(clashes)
    if not others:
        return []
    one, other = others[0]
    return [
        f"sentences of one article and number that have another text in another file, and teach as two: {len(others)}, "
        f"the first in {one.where} and {other.where}. Were texts edited, or is one id that of two articles?"
    ]


def fresh_labels(
    rows: Sequence[LabelledSentence], taken: set[tuple[tuple[str, int] | None, str]]
) -> tuple[list[LabelledSentence], int]:
    """The rows without the labels that an earlier file gave already, and how many those are.

    A sentence that teaches twice would weigh twice, and count twice where it is held out. In an article it is still
    read as context; by itself it is left out.

    Args:
        rows: of one file, each sentence once.
        taken: sentences that earlier files label; those of this one are added.
    """
    found, n_again = [], 0
    for row in rows:
        if not row.is_labelled or _sentence(row) not in taken:
            found.append(row)
            continue
        n_again += 1
        if not row.is_alone:
            found.append(row.with_labels("", ""))
    taken.update(_sentence(row) for row in rows if row.is_labelled)
    return found, n_again


def _sentence(row: LabelledSentence) -> tuple[tuple[str, int] | None, str]:
    """What a labelled sentence is known by in several files; a row of no article by its text alone."""
    return None if row.is_alone else row.key, _normal(row.text)


def _each_once(rows: Sequence[PlacedRow]) -> tuple[list[LabelledSentence], int]:
    """Each sentence's first row, a labelled one where there is any, and how many others were left out.

    Raises:
        RowError: two of a sentence's rows have different labels.
    """
    by_key: dict[tuple[str, int] | str, PlacedRow] = {}
    clashes: list[tuple[PlacedRow, PlacedRow]] = []
    for placed in rows:
        row = placed.row
        # A row of no article is known by its text, others by their place: "He declined to comment." may stand anywhere.
        key: tuple[str, int] | str = _normal(row.text) if row.is_alone else row.key
        before = by_key.get(key)
        if before is not None and before.row.text != row.text and not row.is_alone:
            raise RowError(
                f"sentence {row.sentence} of article {row.article!r} stands there with two texts",
                expected="one text a sentence",
                found=f"{before.where} and {placed.where}",
                hint="number the sentences of an article from 0, each once",
            )
        if before is None or not before.row.is_labelled:
            # Replacing the value keeps the place.
            by_key[key] = placed
        elif row.is_labelled and (row.speaker, row.stance) != (before.row.speaker, before.row.stance):
            clashes.append((before, placed))
    if clashes:
        raise _two_labels(clashes)
    return [placed.row for placed in by_key.values()], len(rows) - len(by_key)


def _two_labels(clashes: Sequence[tuple[PlacedRow, PlacedRow]]) -> RowError:
    people = any("annotator" in placed.row.extra for pair in clashes for placed in pair)
    settle = "settle them with `sayso agree`"
    named = [f"{a.where}: {_labels(a)}, but {b.where}: {_labels(b)}" for a, b in clashes[:N_NAMED]]
    return RowError(
        f"sentences with two different labels: {len(clashes)}",
        expected="one label a sentence",
        found="\n            ".join(named),
        hint=f"take one person's with `sayso convert FROM TO --annotator NAME`, or {settle}"
        if people
        else f"if two people labelled them, {settle} (files of their own, or one with a column `annotator`); "
        "else mend the wrong rows",
    )


def _normal(text: str) -> str:
    return " ".join(text.split())


def _labels(placed: PlacedRow) -> str:
    return f"{placed.row.speaker} {placed.row.stance}"
