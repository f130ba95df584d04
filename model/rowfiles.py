"""Labelled rows in files: JSONL, CSV and Parquet by suffix.

Writing goes to a neighbour file that replaces the old one only when it is whole, so that a crash or a full disk
leaves the old file as it was. JSON has no NaN and no infinity: they are written as null.
"""

from __future__ import annotations

import csv
import json
import math
import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import zip_longest
from pathlib import Path
from typing import IO, Any

from .errors import RowError
from .plain import mended_json
from .records import GOLD_COLUMNS, NESTED_COLUMNS, PREDICTION_COLUMNS, LabelledSentence, from_row, to_row

ROW_SUFFIXES = (".jsonl", ".csv", ".tsv", ".parquet")
_NEEDED = ("text", "speaker", "stance")
#: Columns that are text in a typed table even where no row has a value.
_TEXT_COLUMNS = frozenset({"article", "outlet", "date", "text", "speaker", "stance"})
#: Columns that mean something to us; in other letters ("Speaker") they would be passed over without a word.
_OURS = (*GOLD_COLUMNS, "annotator")
#: Columns of fractions, and a fraction as it is written where the comma is the decimal sign.
_FRACTIONS = (*PREDICTION_COLUMNS[:2], "inclusion_p")
_COMMA_NUMBER = re.compile(r"\d*,\d+([eE][+-]?\d+)?")


def read_rows(
    path: Path, *, labelled: bool = True, columns: Mapping[str, str] | None = None
) -> Iterator[LabelledSentence]:
    """Labelled rows of a file, in order, one at a time.

    Args:
        path: the file.
        labelled: whether every row must have both labels; otherwise a missing one is "".
        columns: our name of a column to the file's name of it, where the two differ.

    Raises:
        RowError: the file is missing, of an unknown kind, or a row in it is wrong; it names file and line.
    """
    header = _NEEDED if labelled else _NEEDED[:1]
    for _, row in read_placed_rows(path, labelled=labelled, columns=columns, header=header):
        yield row


def read_placed_rows(
    path: Path, *, labelled: bool, columns: Mapping[str, str] | None = None, header: Sequence[str] = _NEEDED
) -> Iterator[tuple[str, LabelledSentence]]:
    """Rows of a file, each with where it stands ("labels.csv:7").

    Args:
        path: as `read_rows` has it.
        labelled: as `read_rows` has it.
        columns: as `read_rows` has it.
        header: columns, by our names, that a table must have even if cells in them may be empty.

    Raises:
        RowError: as `read_rows`.
    """
    if not path.is_file():
        raise RowError(f"no file {path}", expected=f"labelled rows in a file that ends in {' '.join(ROW_SUFFIXES)}")
    names = {} if columns is None else columns
    needed = [names.get(column, column) for column in header]
    try:
        rows = ((where, renamed(data, names)) for where, data in _read_raw(path, needed, names))
        for number, (where, data) in enumerate(of_articles(rows)):
            yield where, from_row(data, where, number, labelled=labelled)
    except UnicodeDecodeError:
        raise not_utf8(path) from None
    except csv.Error as error:
        raise RowError(f"{path}: no readable table", found=str(error)) from None


def not_utf8(path: Path) -> RowError:
    """The error for a file that is not UTF-8, with the line where that shows."""
    content = path.read_bytes()
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        if b"\0" in content[:4096]:
            return RowError(f"{path}: binary data, no text", expected="text in UTF-8", found=repr(content[:16]))
        return RowError(
            f"{path}:{line}: not UTF-8",
            expected="text in UTF-8",
            found=repr(content[max(0, error.start - 20) : error.start + 10]),
            hint="save the file as UTF-8 (in a spreadsheet: 'CSV UTF-8')",
        )
    return RowError(f"{path}: not UTF-8 when it was read", hint="try again: the file has changed meanwhile")


def of_articles(rows: Iterable[tuple[str, dict[str, Any]]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The rows as they come, all of which name their article, or none.

    Args:
        rows: where each stands, and its columns by our names.

    Raises:
        RowError: some name it and others do not, which would make each of these an article of its own.
    """
    first: tuple[str, bool] | None = None
    for where, data in rows:
        is_named = data.get("article") not in (None, "")
        if first is None:
            first = where, is_named
        if is_named != first[1]:
            bare, named = (first[0], where) if is_named else (where, first[0])
            raise RowError(
                f"{bare}: no 'article', but {named} names one",
                expected="an article in every row, or in none",
                hint="were cells merged, or the article told once for all its rows? Fill the column down to each row",
            )
        yield where, data


def _read_raw(path: Path, needed: Sequence[str], columns: Mapping[str, str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """(place, row as it stands) of a file.

    Args:
        path: the file.
        needed: columns, by its names, that must stand in a table's header.
        columns: our name of a column to the file's name of it.
    """
    match path.suffix.lower():
        case ".jsonl":
            return _read_jsonl(path, columns)
        case ".csv" | ".tsv":
            return _read_csv(path, needed, columns)
        case ".parquet":
            return _read_parquet(path, columns)
    raise RowError(f"cannot read rows from {path}", expected=f"a file that ends in {' '.join(ROW_SUFFIXES)}")


def renamed(data: Mapping[str, Any], columns: Mapping[str, str]) -> dict[str, Any]:
    """The row under our names of its columns; a column of the file that had one of them becomes `NAME_in_file`.

    Args:
        data: a row as it stands in its file.
        columns: our name of a column to the file's name of it.
    """
    names = {column: f"{column}_in_file" for column in columns} | {theirs: our for our, theirs in columns.items()}
    return {names.get(column, column): value for column, value in data.items()}


def check_header(header: Sequence[str], columns: Mapping[str, str], where: str) -> None:
    """See that a table's columns can be told apart, and that none is passed over for the way it is written.

    Args:
        header: names of the columns, "" for a column without one.
        columns: our name of a column to the file's name of it.
        where: the file, for the errors.

    Raises:
        RowError: two columns have one name, one differs from ours in case only, or `columns` names one that is missing.
    """
    twice = sorted({column for column in header if column and header.count(column) > 1})
    if twice:
        raise RowError(f"{where}: two columns of one name: {', '.join(twice)}", hint="rename one of them")
    _check_named(header, columns, where)
    check_case(header, columns, where)


def check_case(names: Collection[str], columns: Mapping[str, str], where: str) -> None:
    """See that no column differs from one of ours in case only.

    Args:
        names: of the columns, as they stand in the file.
        columns: our name of a column to the file's name of it.
        where: the file or line, for the error.

    Raises:
        RowError: some do; all of them are named.
    """
    free = set(_OURS) - set(names) - set(columns)
    near = {name.strip().casefold(): name for name in names if name not in columns.values()}
    meant = {ours: near[ours] for ours in _OURS if ours in free and ours in near}
    if meant:
        options = " ".join(f"--column {ours}={theirs}" for ours, theirs in meant.items())
        raise RowError(
            f"{where}: no column {', '.join(meant)}, but {', '.join(meant.values())}",
            expected="columns of just these names",
            found=", ".join(names),
            hint=f"rename them, or `sayso convert FROM TO {options}`",
        )


def _check_named(names: Collection[str], columns: Mapping[str, str], where: str) -> None:
    missing = [theirs for theirs in columns.values() if theirs not in names]
    if missing:
        raise RowError(
            f"{where}: no column {', '.join(missing)}",
            expected="the columns that --column names",
            found=", ".join(filter(None, names)),
        )


def _read_jsonl(path: Path, columns: Mapping[str, str]) -> Iterator[tuple[str, dict[str, Any]]]:
    met: dict[str, None] = {}
    last: tuple[str, ...] = ()
    with path.open(encoding="utf-8-sig") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            where = f"{path}:{number}"
            try:
                data = mended_json(line)
            except (ValueError, RecursionError) as error:
                raise RowError(f"{where}: not JSON", found=f"{error}") from None
            if not isinstance(data, dict):
                raise RowError(f"{where}: not a JSON object", found=type(data).__name__)
            if (names := tuple(data)) != last:
                check_case(names, columns, where)
                met |= dict.fromkeys(names)
                last = names
            yield where, data
    # A line need not have every column: only now it shows that none had it.
    if met:
        _check_named(met, columns, str(path))


def delimiter_of(path: Path, text_column: str = "text") -> str:
    """What stands between a table's columns: tabs in .tsv; in .csv commas, or semicolons as European Excel writes them.

    Args:
        path: the file.
        text_column: its name of the column `text`, which tells whether semicolons part the header.
    """
    if path.suffix.lower() == ".tsv":
        return "\t"
    with path.open(encoding="utf-8-sig", errors="replace") as lines:
        header = next((line for line in lines if line.strip()), "")
    names = {name.strip().strip('"').strip().casefold() for name in header.split(";")}
    return ";" if "," not in header and len(names) > 1 and text_column.casefold() in names else ","


def separator_notes(path: Path, text_column: str = "text") -> list[str]:
    """That a .csv has no commas between its columns, where that is so; the arguments are those of `delimiter_of`."""
    is_other = path.suffix.lower() == ".csv" and delimiter_of(path, text_column) == ";"
    return ["its columns are separated by semicolons, and were read so"] if is_other else []


def _read_csv(path: Path, needed: Sequence[str], columns: Mapping[str, str]) -> Iterator[tuple[str, dict[str, Any]]]:
    delimiter = delimiter_of(path, needed[0])
    with path.open(encoding="utf-8-sig", newline="") as lines:
        # Strict: a cell that never closes would otherwise swallow the rest of the file without a word.
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        # Excel writes lines without anything in them (`,,`) below a table.
        table = (cells for cells in told_lines(reader, path) if any(cell.strip() for cell in cells))
        header = [name.strip() for name in next(table, [])]
        if not header:
            raise RowError(f"{path} is empty", expected=f"a header line with {', '.join(needed)}")
        if needed[0] not in header and len(header) == 1:
            raise RowError(
                f"{path}:1: one column only",
                expected=f"columns separated by {delimiter!r}",
                found=repr(header[0][:80]),
                hint="is it separated by another character? That is not guessed: in Excel save it as .xlsx, "
                "or put commas (.csv) or tabs (.tsv) in its place",
            )
        check_header(header, columns, f"{path}:1")
        missing = [column for column in needed if column not in header]
        if missing:
            raise RowError(
                f"{path}:1: column {', '.join(missing)} is missing",
                expected=f"columns {', '.join(needed)}",
                found=", ".join(header),
                hint=f"name the columns so, or convert: `sayso convert {path} rows.jsonl --column {missing[0]}=NAME`",
            )
        for cells in table:
            where = f"{path}:{reader.line_num}"
            data = _by_column(header, cells, where)
            yield where, _with_points(data, columns) if delimiter == ";" else data


def told_lines(reader: Any, path: Path) -> Iterator[Any]:
    """What a reader of CSV gives, a list or a mapping a line.

    Raises:
        RowError: a line is none; it names file and line.
    """
    try:
        yield from reader
    except csv.Error as error:
        raise RowError(
            f"{path}:{reader.line_num + 1}: no readable line",
            expected=f"cells of at most {csv.field_size_limit():,} characters, quotation marks in pairs",
            found=str(error),
            hint="close each quoted cell, and double the quotation marks inside it",
        ) from None


def _by_column(header: Sequence[str], cells: Sequence[str], where: str) -> dict[str, Any]:
    """A line's cells by column, None where it is too short; an empty cell needs no name (`text,speaker,stance,,`)."""
    if any(cells[len(header) :]):
        raise RowError(f"{where}: more cells than the header has columns", hint="quote cells that hold commas")
    pairs = [(name, cell) for name, cell in zip_longest(header, cells[: len(header)]) if name or cell]
    if sum(not name for name, _ in pairs) > 1:
        raise RowError(
            f"{where}: cells in two columns without a name",
            found=", ".join(repr(cell[:40]) for name, cell in pairs if not name),
            hint="name the columns, or quote cells that hold commas",
        )
    return dict(pairs)


def _with_points(data: dict[str, Any], columns: Mapping[str, str]) -> dict[str, Any]:
    """The row with points in its probabilities, where a European spreadsheet wrote commas."""
    for ours in _FRACTIONS:
        column = columns.get(ours, ours)
        value = data.get(column)
        if isinstance(value, str) and _COMMA_NUMBER.fullmatch(value.strip()):
            data[column] = value.strip().replace(",", ".")
    return data


def _read_parquet(path: Path, columns: Mapping[str, str]) -> Iterator[tuple[str, dict[str, Any]]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as table:
            check_header(table.schema_arrow.names, columns, str(path))
            number = 0
            for batch in table.iter_batches(batch_size=4096):
                for data in batch.to_pylist():
                    yield f"{path}: row {number}", data
                    number += 1
    except pa.ArrowException as error:
        raise RowError(f"{path} is no readable Parquet file", found=str(error)) from None


@contextmanager
def whole_file(path: Path, *, newline: str | None = None, binary: bool = False) -> Iterator[IO[Any]]:
    """A file that appears under its name only when the block ends well (write, fsync, rename).

    A link stays one, and the file that it leads to is replaced. What is no file (/dev/stdout, a pipe) is written into.
    """
    mode = "wb" if binary else "w"
    encoding = None if binary else "utf-8"
    if path.exists() and not path.is_file() and not path.is_dir():
        with path.open(mode, encoding=encoding, newline=newline) as file:
            yield file
        return
    target = followed(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with part.open(mode, encoding=encoding, newline=newline) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def followed(path: Path) -> Path:
    """What a link leads to; anything else itself."""
    return Path(os.path.realpath(path)) if path.is_symlink() else path


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
            file.write(json_line(row) + "\n")
            n_rows += 1
    return n_rows


def json_line(row: LabelledSentence) -> str:
    """The row as one line of JSON."""
    return plain_json(to_row(row))


def plain_json(value: object) -> str:
    """One line of JSON, text as it is; NaN and infinity become null, other things that JSON does not know text."""
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, default=str)
    except ValueError:
        return json.dumps(_finite(value), ensure_ascii=False, allow_nan=False, default=str)


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


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


def table_cell(value: object) -> object:
    """The value as a cell of a table: what is nested as JSON, the rest as it is."""
    return plain_json(value) if isinstance(value, (dict, list)) else value


class _LineFeeds:
    """A file that ends its lines in a line feed, under a CSV writer that believes in CR LF.

    The writer quotes a cell for the characters of its own line end only. With "\\n" for one it would leave a cell with
    a lone "\\r" bare, which no reader takes.
    """

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def write(self, line: str) -> int:
        """Write a line that ends in CR LF."""
        return self._file.write(line.removesuffix("\r\n") + "\n")


def table_writer(file: IO[str], columns: Sequence[str], delimiter: str) -> csv.DictWriter[str]:
    """A writer of CSV or TSV that `read_rows` gives back as it was; columns that are not named are left out.

    Args:
        file: opened with `newline=""`.
        columns: in order.
        delimiter: what stands between them.
    """
    return csv.DictWriter(_LineFeeds(file), columns, delimiter=delimiter, extrasaction="ignore", lineterminator="\r\n")


def _write_csv(path: Path, rows: Sequence[LabelledSentence], delimiter: str) -> int:
    columns = [column for column in columns_of(rows) if column not in NESTED_COLUMNS]
    with whole_file(path, newline="") as file:
        writer = table_writer(file, columns, delimiter)
        writer.writeheader()
        writer.writerows({column: table_cell(value) for column, value in to_row(row).items()} for row in rows)
    return len(rows)


def _write_parquet(path: Path, rows: Sequence[LabelledSentence]) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = columns_of(rows)
    plain = [to_row(row) for row in rows]
    arrays = [arrow_column(column, [row.get(column) for row in plain]) for column in columns]
    with whole_file(path, binary=True) as file:
        pq.write_table(pa.Table.from_arrays(arrays, names=columns), file, compression="zstd")
    return len(rows)


def arrow_column(column: str, values: Sequence[Any]) -> Any:
    """The values as an Arrow array; a column that mixes kinds of value, which no typed table holds, becomes text."""
    import pyarrow as pa

    if column in _TEXT_COLUMNS:
        return pa.array(values, type=pa.string())
    try:
        return pa.array(values)
    except (pa.ArrowException, OverflowError):
        return pa.array([_text(value) for value in values], type=pa.string())


def _text(value: object) -> str | None:
    plain = _finite(value)
    return plain if plain is None or isinstance(plain, str) else plain_json(plain)
