"""Labelled rows in files: JSONL, CSV and Parquet by suffix.

Writing goes to a neighbour file that replaces the old one only when it is whole, so that a crash or a full disk
leaves the old file as it was.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from .errors import RowError
from .records import GOLD_COLUMNS, NESTED_COLUMNS, PREDICTION_COLUMNS, LabelledSentence, from_row, to_row

ROW_SUFFIXES = (".jsonl", ".csv", ".tsv", ".parquet")


def read_rows(path: Path) -> Iterator[LabelledSentence]:
    """Labelled rows of a file, in order, one at a time.

    Raises:
        RowError: the file is missing, of an unknown kind, or a row in it is wrong; it names file and line.
    """
    if not path.is_file():
        raise RowError(f"no file {path}", expected=f"labelled rows in a file that ends in {' '.join(ROW_SUFFIXES)}")
    suffix = path.suffix.lower()
    readers = {".jsonl": _read_jsonl, ".csv": _read_csv, ".tsv": _read_tsv, ".parquet": _read_parquet}
    if suffix not in readers:
        raise RowError(f"cannot read rows from {path}", expected=f"a file that ends in {' '.join(ROW_SUFFIXES)}")
    for number, (where, data) in enumerate(readers[suffix](path)):
        yield from_row(data, where, number)


def _read_jsonl(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    with path.open(encoding="utf-8-sig") as lines:
        try:
            for number, line in enumerate(lines, 1):
                if not line.strip():
                    continue
                where = f"{path}:{number}"
                try:
                    data = json.loads(line)
                except ValueError as error:
                    raise RowError(f"{where}: not JSON", found=f"{error}") from None
                if not isinstance(data, dict):
                    raise RowError(f"{where}: not a JSON object", found=type(data).__name__)
                yield where, data
        except UnicodeDecodeError as error:
            raise RowError(f"{path}: not UTF-8", found=str(error), hint="save the file as UTF-8") from None


def _read_tsv(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    return _read_csv(path, delimiter="\t")


def _read_csv(path: Path, delimiter: str = ",") -> Iterator[tuple[str, dict[str, Any]]]:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.DictReader(lines, delimiter=delimiter)
        header = reader.fieldnames
        if header is None:
            raise RowError(f"{path} is empty", expected="a header line with text, speaker and stance")
        if "text" not in header and len(header) == 1:
            raise RowError(
                f"{path}:1: one column only",
                expected=f"columns separated by {delimiter!r}",
                found=repr(header[0][:80]),
                hint="is it separated by another character? Save it with commas (.csv) or tabs (.tsv)",
            )
        missing = [column for column in ("text", "speaker", "stance") if column not in header]
        if missing:
            raise RowError(
                f"{path}:1: column {', '.join(missing)} is missing",
                expected="columns text, speaker and stance",
                found=", ".join(header),
            )
        for data in reader:
            where = f"{path}:{reader.line_num}"
            if None in data:
                raise RowError(f"{where}: more cells than the header has columns", hint="quote cells that hold commas")
            yield where, data


def _read_parquet(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as table:
            number = 0
            for batch in table.iter_batches(batch_size=4096):
                for data in batch.to_pylist():
                    yield f"{path}: row {number}", data
                    number += 1
    except pa.ArrowException as error:
        raise RowError(f"{path} is no readable Parquet file", found=str(error)) from None


@contextmanager
def whole_file(path: Path, *, newline: str | None = None, binary: bool = False) -> Iterator[IO[Any]]:
    """A file that appears under its name only when the block ends well (write, fsync, rename)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb" if binary else "w", encoding=None if binary else "utf-8", newline=newline) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def write_rows(path: Path, rows: Iterable[LabelledSentence]) -> int:
    """Write rows whole, in the form that the suffix names; returns how many.

    CSV and TSV leave out the nested columns (`probabilities`, `evidence`).

    Raises:
        RowError: the suffix is none of ROW_SUFFIXES.
        OSError: the disk is full or the place is not writable; the old file stands.
    """
    suffix = path.suffix.lower()
    if suffix == ".jsonl":
        return _write_jsonl(path, rows)
    if suffix in {".csv", ".tsv"}:
        return _write_csv(path, list(rows), "\t" if suffix == ".tsv" else ",")
    if suffix == ".parquet":
        return _write_parquet(path, list(rows))
    raise RowError(f"cannot write rows to {path}", expected=f"a name that ends in {' '.join(ROW_SUFFIXES)}")


def _write_jsonl(path: Path, rows: Iterable[LabelledSentence]) -> int:
    n_rows = 0
    with whole_file(path) as file:
        for row in rows:
            file.write(json.dumps(to_row(row), ensure_ascii=False) + "\n")
            n_rows += 1
    return n_rows


def columns_of(rows: Sequence[LabelledSentence]) -> list[str]:
    """The columns that a table of these rows needs: known ones in order, then extra ones as first met."""
    columns = list(GOLD_COLUMNS)
    if any(row.speaker_p is not None for row in rows):
        columns += PREDICTION_COLUMNS[:2]
    if any(row.probabilities is not None for row in rows):
        columns.append("probabilities")
    if any(row.evidence is not None for row in rows):
        columns.append("evidence")
    columns += dict.fromkeys(column for row in rows for column in row.extra if column not in columns)
    return columns


def _write_csv(path: Path, rows: Sequence[LabelledSentence], delimiter: str) -> int:
    columns = [column for column in columns_of(rows) if column not in NESTED_COLUMNS]
    with whole_file(path, newline="") as file:
        writer = csv.DictWriter(file, columns, delimiter=delimiter, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(to_row(row) for row in rows)
    return len(rows)


def _write_parquet(path: Path, rows: Sequence[LabelledSentence]) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = columns_of(rows)
    plain = [to_row(row) for row in rows]
    text_columns = {"article", "outlet", "date", "text", "speaker", "stance"}
    arrays = [
        pa.array([row.get(column) for row in plain], type=pa.string() if column in text_columns else None)
        for column in columns
    ]
    with whole_file(path, binary=True) as file:
        pq.write_table(pa.Table.from_arrays(arrays, names=columns), file, compression="zstd")
    return len(rows)
