"""Parts to one file: rows in the form that the suffix names, failures in a file beside it. Memory does not grow."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any

from ..model.errors import RowError
from ..model.records import GOLD_COLUMNS, NESTED_COLUMNS, PREDICTION_COLUMNS
from ..model.rowfiles import ROW_SUFFIXES, table_cell, table_writer, whole_file
from .parts import BOOL, INTEGER, NULL, NUMBER, TEXT, read_failures, read_header, read_row_lines

#: Rows of a Parquet row group: what is in memory at once.
_GROUP_ROWS = 8192
_INTEGER_COLUMNS = {"paragraph", "sentence", "start", "end"}


def check_suffix(out: Path) -> None:
    """See that the name says which form the rows are to have.

    Raises:
        RowError: it does not.
    """
    if out.suffix.lower() not in ROW_SUFFIXES:
        raise RowError(f"cannot write rows to {out}", expected=f"a name that ends in {' '.join(ROW_SUFFIXES)}")


def assemble(parts: Sequence[Path], out: Path, failed: Path) -> None:
    """Write the final files of a run; `out` only if there is a row, `failed` only if there is a failure.

    The bytes depend on the outcomes and their order alone, not on where parts end.

    Args:
        parts: in order.
        out: for the rows, .jsonl .csv .tsv or .parquet.
        failed: for the failures, JSONL; an older one is removed if there are none.

    Raises:
        RowError: the suffix of `out` is another one.
        OSError: a file cannot be written; older files stand.
    """
    check_suffix(out)
    _write_failures(parts, failed)
    rows = chain.from_iterable(read_row_lines(part) for part in parts)
    first = next(rows, None)
    if first is None:
        return
    lines = chain([first], rows)
    columns = _columns(parts, json.loads(first))
    match out.suffix.lower():
        case ".jsonl":
            with whole_file(out, newline="\n") as file:
                file.writelines(lines)
        case ".csv" | ".tsv":
            _write_table(lines, columns, out)
        case ".parquet":
            _write_parquet(lines, columns, json.loads(first), out)


def _write_failures(parts: Sequence[Path], failed: Path) -> None:
    failures = chain.from_iterable(read_failures(part) for part in parts)
    first = next(failures, None)
    if first is None:
        failed.unlink(missing_ok=True)
        return
    with whole_file(failed, newline="\n") as file:
        file.writelines(chain([first], failures))


def _columns(parts: Sequence[Path], first: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    """Columns of the output in order; those that sayso does not know with the kinds of their values."""
    columns: dict[str, frozenset[str]] = {c: frozenset() for c in (*GOLD_COLUMNS, *PREDICTION_COLUMNS) if c in first}
    for part in parts:
        for column, kinds in read_header(part).columns.items():
            columns[column] = columns.get(column, frozenset()) | set(kinds)
    return columns


def _write_table(lines: Iterable[str], columns: Mapping[str, frozenset[str]], out: Path) -> None:
    """CSV or TSV, without the nested columns; nested values of unknown columns as JSON."""
    flat = [column for column in columns if column not in NESTED_COLUMNS]
    with whole_file(out, newline="") as file:
        delimiter = "\t" if out.suffix.lower() == ".tsv" else ","
        writer = table_writer(file, flat, delimiter)
        writer.writeheader()
        for line in lines:
            row = json.loads(line)
            writer.writerow({column: table_cell(row.get(column)) for column in flat})


def _write_parquet(
    lines: Iterator[str], columns: Mapping[str, frozenset[str]], first: Mapping[str, Any], out: Path
) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    as_text = {column for column, kinds in columns.items() if kinds and _target(kinds) == TEXT}
    as_number = {column for column, kinds in columns.items() if kinds and _target(kinds) == NUMBER}
    schema = pa.schema([(column, _arrow_type(column, kinds, first)) for column, kinds in columns.items()])
    with whole_file(out, binary=True) as file, pq.ParquetWriter(file, schema, compression="zstd") as writer:
        while group := [json.loads(line) for line in islice(lines, _GROUP_ROWS)]:
            for row in group:
                row |= {column: _text(row.get(column)) for column in as_text}
                row |= {column: _number(row.get(column)) for column in as_number}
            writer.write_table(pa.Table.from_pylist(group, schema=schema))


def _target(kinds: frozenset[str]) -> str:
    """The kind of a typed column that holds values of these kinds."""
    found = kinds - {NULL}
    if found in ({BOOL}, {INTEGER}):
        return next(iter(found))
    return NUMBER if found and found <= {INTEGER, NUMBER} else TEXT


def _text(value: object) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _number(value: float | None) -> float | None:
    return None if value is None else float(value)


def _arrow_type(column: str, kinds: frozenset[str], first: Mapping[str, Any]) -> Any:
    """The type of one column.

    Args:
        column: its name.
        kinds: of its values; empty for columns that sayso knows.
        first: a row, whose `probabilities` tell the labels.
    """
    import pyarrow as pa

    if kinds:
        return {BOOL: pa.bool_(), INTEGER: pa.int64(), NUMBER: pa.float64(), TEXT: pa.string()}[_target(kinds)]
    if column == "probabilities":
        heads = {head: pa.struct([(label, pa.float64()) for label in labels]) for head, labels in first[column].items()}
        return pa.struct(list(heads.items()))
    if column == "evidence":
        fields = [("kind", pa.string()), ("start", pa.int64()), ("end", pa.int64()), ("text", pa.string())]
        return pa.list_(pa.struct([*fields, ("p", pa.float64())]))
    if column in _INTEGER_COLUMNS:
        return pa.int64()
    return pa.float64() if column in PREDICTION_COLUMNS else pa.string()
