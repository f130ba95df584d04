"""Articles from rows: JSONL, CSV, TSV and Parquet. A wrong row is named and reading goes on."""

from __future__ import annotations

import csv
import datetime
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import chain
from typing import Any

from ..errors import ArticleError
from ..plain import mended_json
from ..records import GOLD_COLUMNS, PREDICTION_COLUMNS, Article
from .settings import ARRAY_HINT, Failure, ReadSettings, Warn
from .sources import Source
from .streams import Lines, LineTooLongError, looks_binary, open_source, too_long

#: Where a row stood, the id it gets if it has none, and the row or what was wrong with it.
Row = tuple[str, str, Mapping[str, Any] | ArticleError]

#: A character may take six bytes in JSON, and a row has other columns.
_JSON_BYTES_PER_CHAR, _OTHER_COLUMNS_BYTES = 6, 1_000_000
#: A file none of whose first lines is JSON is something else.
_MAX_BROKEN = 20
#: Deeper values would overrun the stack of whoever writes them.
_MAX_DEPTH = 50
#: What may stand between columns, whatever a table is called.
_DELIMITERS = (";", "\t", ",", "|")
#: The line by which Excel is told what does.
_SEPARATOR_LINE = re.compile(r"\ufeff?\"?sep=(.)\"?\s*", re.IGNORECASE)
#: Input columns of these names would stand where the output has its own.
_OUTPUT_COLUMNS = frozenset({*GOLD_COLUMNS, *PREDICTION_COLUMNS, "title", "url", "abstained"})


def read_jsonl(source: Source, settings: ReadSettings, warn: Warn) -> Iterator[Article | Failure]:
    """Articles of a file with one JSON object a line."""
    with open_source(source, settings) as stream:
        yield from articles_of(json_rows(stream, source, settings, warn), settings)


def read_csv(source: Source, settings: ReadSettings, warn: Warn) -> Iterator[Article | Failure]:
    """Articles of a comma-separated table with a header line."""
    with open_source(source, settings) as stream:
        yield from articles_of(_csv_rows(stream, source, settings, warn, ","), settings)


def read_tsv(source: Source, settings: ReadSettings, warn: Warn) -> Iterator[Article | Failure]:
    """Articles of a tab-separated table with a header line."""
    with open_source(source, settings) as stream:
        yield from articles_of(_csv_rows(stream, source, settings, warn, "\t"), settings)


def read_parquet(source: Source, settings: ReadSettings, warn: Warn) -> Iterator[Article | Failure]:
    """Articles of a Parquet file, a few rows at a time."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if source.path is None or not source.path.is_file():
        raise ArticleError("Parquet must be a file on disk")
    n_bytes = source.path.stat().st_size
    try:
        with pq.ParquetFile(source.path) as table:
            _check_columns(table.schema_arrow.names, settings)
            yield from articles_of(_parquet_rows(table, source, n_bytes), settings)
    except pa.ArrowException as error:
        raise ArticleError("no readable Parquet file", found=str(error)) from None


def articles_of(rows: Iterator[Row], settings: ReadSettings) -> Iterator[Article | Failure]:
    """The rows as articles; wrong ones as failures. Raises ArticleError if there is not one row."""
    empty = True
    # Of all rows so far: a short row of a table has not all of its columns.
    met: dict[str, None] = {}
    here = settings
    for where, row_id, row in rows:
        empty = False
        if isinstance(row, Mapping) and not met.keys() >= row.keys():
            met |= dict.fromkeys(row)
            here = settings.for_columns(met)
        try:
            if isinstance(row, ArticleError):
                raise row
            yield article_of(row, row_id, here)
        except ArticleError as error:
            yield Failure(_own_id(row, here) or row_id, where, error.one_line())
    if empty:
        raise ArticleError("empty: no row in it", expected=f"rows with a column {settings.text_column!r}")


def article_of(row: Mapping[str, Any], row_id: str, settings: ReadSettings) -> Article:
    """One row as an article.

    Args:
        row: column to value.
        row_id: the id that it gets if it has none.
        settings: which column is which.

    Raises:
        ArticleError: no text, an empty one, one that is no string or too long.
    """
    text = row.get(settings.text_column)
    if not isinstance(text, str):
        raise ArticleError(
            f"no text in column {settings.text_column!r}",
            expected=f"a string in {settings.text_column!r}",
            found=f"{_kind(text)}; columns here: {', '.join(map(str, row)) if row else 'none'}",
            hint="" if settings.text_column in row else "name the right column with --text-column",
        )
    if not text.strip():
        raise ArticleError("the text is empty")
    if len(text) > settings.max_article_chars:
        raise too_long(f"{len(text):,} characters")
    return Article(
        id=_own_id(row, settings) or row_id,
        text=text,
        outlet=_word(row.get(settings.outlet_column)),
        date=_word(row.get(settings.date_column)),
        title=_word(row.get(settings.title_column)),
        url=_word(row.get(settings.url_column)),
        extra=_riding(row, settings),
    )


def _riding(row: Mapping[str, Any], settings: ReadSettings) -> dict[str, Any]:
    """The columns that are not mapped, under names that neither the output nor another column has."""
    names = {str(column) for column in row}
    riding: dict[str, Any] = {}
    for column, value in row.items():
        if column in settings.columns and not _is_nested(value):
            continue
        name = str(column)
        while name in _OUTPUT_COLUMNS or (name != str(column) and name in names):
            name = f"input_{name}"
        riding[name] = _plain(value)
    return riding


def _kind(value: object) -> str:
    return "nothing" if value is None else type(value).__name__


def _own_id(row: object, settings: ReadSettings) -> str | None:
    value = row.get(settings.id_column) if isinstance(row, Mapping) else None
    return _word(value)


def _word(value: object) -> str | None:
    """A cell as a string; None if it holds nothing, or lists and objects, which ride along instead."""
    if _is_nested(value):
        return None
    plain = _plain(value)
    if plain is None or (isinstance(plain, float) and plain != plain):
        return None
    return str(plain).strip() or None


def _is_nested(value: object) -> bool:
    return isinstance(value, (Mapping, list, tuple))


def _plain(value: object, depth: int = 0) -> Any:
    """The value as JSON can hold it: dates as ISO strings, decimals, bytes and whatever else there is as text."""
    if depth > _MAX_DEPTH:
        raise ArticleError("a column is nested too deeply", expected=f"at most {_MAX_DEPTH} levels")
    if isinstance(value, Mapping):
        return {str(key): _plain(inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner, depth + 1) for inner in value]
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if value is None or isinstance(value, (str, int, float)) else str(value)


def json_rows(stream: Any, source: Source, settings: ReadSettings, warn: Warn) -> Iterator[Row]:
    """Rows of JSON lines; blank lines are passed over.

    Raises:
        ArticleError: the file is something else.
    """
    _refuse_binary(stream)
    max_bytes = _JSON_BYTES_PER_CHAR * settings.max_article_chars + _OTHER_COLUMNS_BYTES
    lines = Lines(stream, max_bytes, lambda message: warn(f"{source.name}: {message}"))
    n_good = n_broken = 0
    unseen = set(settings.named_columns)
    for line in _each(lines):
        if isinstance(line, str) and not line.strip():
            continue
        row = _json_row(line) if isinstance(line, str) else line
        n_good += not isinstance(row, ArticleError)
        n_broken += isinstance(row, ArticleError)
        unseen -= set(row) if isinstance(row, Mapping) and unseen else set()
        yield f"{source.name}:{lines.number}", f"{source.stem}:{lines.number}", row
        if n_broken >= _MAX_BROKEN and not n_good:
            raise ArticleError(f"gave up after {n_broken} lines", expected="one JSON object a line", hint=ARRAY_HINT)
    if unseen and n_good:
        warn(f"{source.name}: no row has {', '.join(map(repr, sorted(unseen)))}: is the column's name right?")


def _each(lines: Lines) -> Iterator[str | ArticleError]:
    """The lines, and in place of one that cannot be had the reason."""
    while True:
        try:
            line = next(lines)
        except StopIteration:
            return
        except LineTooLongError as error:
            yield error
        else:
            yield line


def _json_row(line: str) -> Mapping[str, Any] | ArticleError:
    try:
        row = mended_json(line)
    except (ValueError, RecursionError) as error:
        return ArticleError("not JSON", expected="one JSON object a line", found=str(error) or type(error).__name__)
    if not isinstance(row, dict):
        return ArticleError("not a JSON object", expected="{...} on every line", found=type(row).__name__)
    return row


def _csv_rows(stream: Any, source: Source, settings: ReadSettings, warn: Warn, delimiter: str) -> Iterator[Row]:
    _refuse_binary(stream)
    max_cell = settings.max_article_chars + _OTHER_COLUMNS_BYTES
    # The limit is the process's, not the reader's: raise it, never lower it for another reader.
    csv.field_size_limit(max(max_cell, csv.field_size_limit()))
    lines = Lines(stream, 4 * max_cell, lambda message: warn(f"{source.name}: {message}"))
    header_line, found = _first_line(lines, settings, delimiter)
    if found != delimiter:
        warn(f"{source.name}: its columns are separated by {found!r}, and were read so")
    # Strict: a cell that never closes would otherwise swallow the rest of the file without a word.
    reader = csv.reader(chain(header_line, lines), delimiter=found, strict=True)
    header = _csv_header(reader, settings, found)
    n_rows = 0
    while True:
        first = lines.number + 1
        row = _csv_row(reader, header)
        if row is None:
            return
        if row != {}:
            n_rows += 1
            lost = isinstance(row, ArticleError) and lines.number > first
            where = f"{source.name}:{first}-{lines.number}" if lost else f"{source.name}:{first}"
            yield where, f"{source.stem}:{n_rows}", row


def _first_line(lines: Iterable[str], settings: ReadSettings, delimiter: str) -> tuple[list[str], str]:
    """The header's line (none in an empty table), and what stands between its columns.

    Args:
        lines: of the table.
        settings: name the text's column, by which another delimiter than expected is told.
        delimiter: what the table's suffix says.
    """
    line = next((line for line in lines if line.strip()), None)
    if line is None:
        return [], delimiter
    told = _SEPARATOR_LINE.fullmatch(line)
    if told is not None:
        return [next(iter(lines), "")], told[1]
    for candidate in (delimiter, *_DELIMITERS):
        with suppress(csv.Error):  # told of when the header is read
            names = next(csv.reader([line], delimiter=candidate), [])
            if settings.for_columns(names).text_column in names:
                return [line], candidate
    return [line], delimiter


def _csv_header(reader: Any, settings: ReadSettings, delimiter: str) -> list[str]:
    try:
        header = next(reader, None)
    except csv.Error as error:
        hint = "save it as CSV UTF-8 (comma delimited)"
        raise ArticleError("the header line is not CSV", expected="column names", found=str(error), hint=hint) from None
    while header and not header[-1]:
        header.pop()  # columns without a name or a cell, which spreadsheets leave at the right
    if not header:
        raise ArticleError("empty", expected=f"a header line with a column {settings.text_column!r}")
    if len(header) == 1 and settings.for_columns(header).text_column not in header:
        raise ArticleError(
            "one column only",
            expected=f"columns separated by {delimiter!r}",
            found=repr(header[0][:80]),
            hint="is it separated by another character? Save it with commas (.csv) or tabs (.tsv)",
        )
    _check_columns(header, settings)
    return list(header)


def _csv_row(reader: Any, header: list[str]) -> Mapping[str, Any] | ArticleError | None:
    """The next row; {} for a line without anything in it (also `,,`), None at the end of the file."""
    try:
        cells = next(reader)
    except StopIteration:
        return None
    except csv.Error as error:
        hint = "close each quoted cell, and double the quotation marks inside it"
        return ArticleError("not CSV", expected="quoted cells that end", found=str(error), hint=hint)
    except LineTooLongError as error:
        return error
    if not any(map(str.strip, cells)):
        return {}
    if any(map(str.strip, cells[len(header) :])):
        return ArticleError(
            "more cells than the header has columns",
            expected=f"{len(header)} cells",
            found=f"{len(cells)} cells",
            hint="quote cells that hold the separator",
        )
    return dict(zip(header, cells, strict=False))


def _check_columns(columns: list[str], settings: ReadSettings) -> None:
    twice = sorted({column for column in columns if columns.count(column) > 1})
    if twice:
        raise ArticleError(f"two columns of one name: {', '.join(twice)}", hint="rename one of them")
    if settings.for_columns(columns).text_column not in columns:
        raise ArticleError(
            f"no column {settings.text_column!r}",
            found=f"columns {', '.join(map(repr, columns))}",
            hint="name the right column with --text-column",
        )
    missing = [name for name in settings.named_columns if name not in columns]
    if missing:
        raise ArticleError(
            f"no column {', '.join(map(repr, missing))}",
            found=f"columns {', '.join(map(repr, columns))}",
            hint="correct the name, or leave the option out",
        )


def _parquet_rows(table: Any, source: Source, n_bytes: int) -> Iterator[Row]:
    number = 0
    n_rows = max(1, table.metadata.num_rows)
    with source.meter.follow(n_bytes, lambda: n_bytes * number / n_rows):
        for batch in table.iter_batches(batch_size=64):
            for row in _batch_rows(batch):
                yield f"{source.name}: row {number}", f"{source.stem}:{number}", row
                number += 1


def _batch_rows(batch: Any) -> Iterator[Mapping[str, Any] | ArticleError]:
    """Rows of a batch; one that holds what Python cannot (bytes that are no UTF-8, a year 20,000) does not stop it."""
    try:
        yield from batch.to_pylist()
    except (ValueError, OverflowError):
        for number in range(batch.num_rows):
            try:
                row = batch.slice(number, 1).to_pylist()[0]
            except (ValueError, OverflowError) as error:
                yield ArticleError("a value of this row cannot be read", found=str(error))
            else:
                yield row


def _refuse_binary(stream: Any) -> None:
    start = stream.peek(1 << 16)
    if not start.startswith((b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")) and looks_binary(start):
        raise ArticleError("binary data, no text", expected="text in UTF-8", found=f"it begins with {start[:8]!r}")


#: Kind of source to its reader.
ROW_READERS: dict[str, Callable[[Source, ReadSettings, Warn], Iterator[Article | Failure]]] = {
    "jsonl": read_jsonl,
    "csv": read_csv,
    "tsv": read_tsv,
    "parquet": read_parquet,
}
