"""Labelled rows as one polars table: read from files, checked, and given the columns that the measures need."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import polars as pl

from ..model.dates import DATE_PARTS, DATE_PATTERNS, no_date
from ..model.errors import RowError, SchemeError
from ..model.rowfiles import ROW_SUFFIXES, check_case, check_header, delimiter_of, read_rows
from ..model.scheme import Scheme, shipped_schemes, unknown_label

if TYPE_CHECKING:
    import pandas as pd

#: What the public functions take: a polars or a pandas table of rows.
Rows: TypeAlias = "pl.DataFrame | pd.DataFrame"

NO_OUTLET = "(no outlet)"
_NESTED = ("probabilities", "evidence")
_NUMBERS = {
    "paragraph": pl.Int64,
    "sentence": pl.Int64,
    "speaker_p": pl.Float64,
    "stance_p": pl.Float64,
    "inclusion_p": pl.Float64,
}
_TEXTS = ("article", "outlet", "date", "text", "speaker", "stance", "cluster", "sample_unit", "title", "url")
#: How the names of all other columns start in a prepared table. Columns that framing adds have no colon in their names,
#: so that none of the user's can meet one of them, whatever it is called.
_OTHER = "other:"


def row_files(paths: Sequence[Path]) -> list[Path]:
    """The row files among `paths`, folders replaced by the row files in them.

    Raises:
        RowError: a path does not exist, or nothing there is a row file.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(p for p in path.iterdir() if p.suffix.lower() in ROW_SUFFIXES and p.name[0] != ".")
            if not inside:
                raise RowError(f"no rows in folder {path}", expected=f"files that end in {' '.join(ROW_SUFFIXES)}")
            found += inside
        elif path.is_file() and path.suffix.lower() in ROW_SUFFIXES:
            found.append(path)
        else:
            raise RowError(
                f"cannot read rows from {path}",
                expected=f"a file that ends in {' '.join(ROW_SUFFIXES)}, or a folder of them",
                found="no such file" if not path.exists() else f"a file that ends in {path.suffix or 'nothing'}",
                hint="`sayso label ARTICLES -o rows.jsonl` makes one",
            )
    return found


def read_table(paths: Sequence[Path]) -> pl.DataFrame:
    """All rows of some files as one table; nested columns are left out.

    Polars reads them (a million rows in seconds). Only where something is wrong are the rows read one by one, to name
    the line.

    Raises:
        RowError: a file is missing, empty or broken; it names file and line.
    """
    tables = []
    for path in row_files(paths):
        try:
            table = _read_file(path)
            table = typed(table, str(path)) if table.height else table
        except (pl.exceptions.PolarsError, UnicodeDecodeError, OSError, RowError) as error:
            for _ in read_rows(path):
                pass  # raises at the broken line
            if isinstance(error, RowError):
                raise
            raise RowError(f"cannot read {path}", found=str(error).splitlines()[0]) from None
        if table.height == 0:
            raise RowError(f"no rows in {path}", expected="one labelled sentence a row")
        tables.append(table)
    return _joined(tables)


def _joined(tables: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """All rows; a column that the tables lack is null there.

    Raises:
        RowError: a column holds text in one and a list in another.
    """
    if len(tables) == 1:
        return tables[0]
    try:
        return pl.concat(tables, how="diagonal_relaxed")
    except pl.exceptions.PolarsError as error:
        raise RowError(
            "the files do not go together",
            expected="columns of one kind in all of them",
            found=str(error).splitlines()[0],
            hint="drop or rename the column in one of the files",
        ) from None


def _read_file(path: Path) -> pl.DataFrame:
    suffix = path.suffix.lower()
    if path.stat().st_size == 0:
        return pl.DataFrame()
    # A name may hold brackets or an asterisk: it is a name, and no pattern.
    if suffix == ".parquet":
        table = pl.scan_parquet(path, glob=False).drop(_NESTED, strict=False).collect()
        check_header(table.columns, {}, str(path))
        return table
    if suffix == ".jsonl":
        # Every line is looked at for the column types: a column that is null for the first thousand rows is common.
        table = pl.scan_ndjson(_lines_of(path), infer_schema_length=None).drop(_NESTED, strict=False).collect()
        check_case(table.columns, {}, str(path))
        return table
    return _read_csv(path)


def _lines_of(path: Path) -> Path | io.BytesIO:
    """What polars can read the lines of a JSONL file from: neither patterns nor a byte order mark are for it."""
    with path.open("rb") as file:
        marked = file.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8
    if marked or any(character in str(path) for character in "*?["):
        return io.BytesIO(path.read_bytes().removeprefix(codecs.BOM_UTF8))
    return path


def _read_csv(path: Path) -> pl.DataFrame:
    delimiter = delimiter_of(path)
    with path.open(encoding="utf-8-sig", newline="") as lines:
        header = [name.strip() for name in next(csv.reader(lines, delimiter=delimiter), [])]
    check_header(header, {}, f"{path}:1")
    # As text: an id like 007 is no number.
    table = pl.read_csv(path, separator=delimiter, infer_schema=False, glob=False)
    stripped = {name: name.strip() for name in table.columns if name.strip() in header}
    # Excel writes lines without anything in them (`,,`) below a table.
    blank = pl.all_horizontal(pl.all().is_null())
    return table.rename(stripped).filter(~blank).drop(_NESTED, strict=False)


def as_polars(rows: Rows) -> pl.DataFrame:
    """The rows as a polars table, whichever library they came from.

    Raises:
        RowError: `rows` is neither a polars nor a pandas table.
    """
    if isinstance(rows, pl.DataFrame):
        return rows.drop(_NESTED, strict=False)
    if type(rows).__module__.startswith("pandas"):
        return _from_pandas(rows.drop(columns=list(_NESTED), errors="ignore"))
    raise RowError(
        "rows are no table",
        expected="a polars or pandas DataFrame",
        found=type(rows).__name__,
        hint="sayso.framing.read_table([path]) reads row files",
    )


def _from_pandas(rows: pd.DataFrame) -> pl.DataFrame:
    """The columns as polars has them, those in the index included: articles often stand there.

    Raises:
        RowError: a column has values of several types.
    """
    kept = [name for name in rows.index.names if name is not None and name not in rows.columns]
    rows = rows.reset_index(kept) if kept else rows
    columns = []
    for name in rows.columns:
        try:
            columns.append(pl.from_pandas(rows[[name]].reset_index(drop=True)))
        except (ValueError, TypeError) as error:  # pyarrow's errors are of these kinds
            raise RowError(
                f"column {name!r} of the pandas table has no one type",
                expected="values of one kind in a column",
                found=str(error).splitlines()[0],
                hint=f"make them text, or drop it: rows.drop(columns={name!r})",
            ) from None
    return pl.concat(columns, how="horizontal") if columns else pl.DataFrame()


def like(table: pl.DataFrame, rows: Rows) -> Any:
    """The table as pandas where the rows came as pandas."""
    return table if isinstance(rows, pl.DataFrame) else table.to_pandas()


def typed(table: pl.DataFrame, where: str) -> pl.DataFrame:
    """The table with known columns in their types and blank text as null.

    A bare table (`text,speaker,stance`, no `article`) becomes one article a row.

    Raises:
        RowError: a needed column is missing, empty somewhere, or holds what its type does not allow.
    """
    missing = [column for column in ("text", "speaker", "stance") if column not in table.columns]
    if missing:
        raise RowError(
            f"{where}: column {', '.join(missing)} is missing",
            expected="columns text, speaker and stance",
            found=", ".join(table.columns),
        )
    try:
        texts = [pl.col(c).cast(pl.String).str.strip_chars() for c in _TEXTS if c in table.columns]
        numbers = [c for c in _NUMBERS if c in table.columns and table[c].dtype == pl.String]
        table = table.with_columns(texts + [pl.col(c).str.strip_chars() for c in numbers])
        blanks = [c for c, kind in table.schema.items() if kind == pl.String]
        table = table.with_columns(pl.when(pl.col(c) != "").then(pl.col(c)).alias(c) for c in blanks)
        table = table.with_columns(pl.col(c).cast(kind) for c, kind in _NUMBERS.items() if c in table.columns)
        sure = [c for c in ("speaker_p", "stance_p") if c in table.columns]
        table = table.with_columns(pl.col(c).fill_nan(None) for c in sure)
    except pl.exceptions.PolarsError as error:
        raise RowError(f"{where}: a column has a wrong value", found=str(error).splitlines()[0]) from None
    for column in ("text", "speaker", "stance"):
        if table[column].null_count():
            row = int(table[column].is_null().arg_max() or 0)
            raise RowError(
                f"{where}: no usable {column!r} in row {row}", expected="text, speaker and stance in each row"
            )
    for column in sure:
        wrong = table[column].filter(~table[column].is_between(0, 1))
        if len(wrong):
            raise RowError(f"{where}: bad {column!r}", expected="a probability, 0 to 1", found=str(wrong[0]))
    return _with_places(table, where)


def _with_places(table: pl.DataFrame, where: str) -> pl.DataFrame:
    """Give every row its article and its sentence number.

    Raises:
        RowError: some rows name their article and others do not, or one that does has no sentence number.
    """
    if "article" not in table.columns:
        table = table.with_columns(pl.lit(None, pl.String).alias("article"))
    bare = pl.col("article").is_null()
    number = pl.int_range(pl.len())
    if 0 < table["article"].null_count() < table.height:
        row = int(table["article"].is_null().arg_max() or 0)
        raise RowError(
            f"{where}: no 'article' in row {row}, but others name one",
            expected="an article in every row, or in none",
            hint="were cells merged, or the article told once for all its rows? Fill the column down to each row",
        )
    if "sentence" not in table.columns:
        table = table.with_columns(pl.lit(None, pl.Int64).alias("sentence"))
    homeless = table.filter(~bare & pl.col("sentence").is_null())
    if homeless.height:
        raise RowError(
            f"{where}: no 'sentence' in a row of article {homeless['article'][0]!r}",
            expected="a 0-based number in a row that names its article",
        )
    return table.with_columns(
        pl.when(bare)
        .then(pl.format("row-{}", number.cast(pl.String).str.zfill(6)))
        .otherwise("article")
        .alias("article"),
        pl.when(bare).then(0).otherwise("sentence").alias("sentence"),
    )


def prepared(rows: Rows, scheme: Scheme, what: str = "rows") -> pl.DataFrame:
    """Rows ready to be measured: typed, labels checked, sorted by article and sentence, with words and places.

    Args:
        rows: labelled rows.
        scheme: the labels of the study.
        what: how an error calls these rows.

    Returns:
        A table with every column of the rows, those that framing does not know as `other:NAME` (`grouped` finds them
        by NAME), and at least `article`, `outlet`, `date`, `sentence`, `text`, `speaker`, `stance`, `cluster` (null:
        no copy of anything), `words` (white-space separated, at least 1) and `place` (0 the article's first sentence,
        1 its last).

    Raises:
        RowError: a column is missing or wrong, or one sentence stands there twice.
        SchemeError: a label is not of the scheme.
    """
    table = typed(as_polars(rows), what)
    if table.height == 0:
        raise RowError(f"no {what}", expected="at least one labelled sentence")
    table = table.rename({column: _inside(column) for column in table.columns})
    for column, known in (("speaker", scheme.speaker_ids), ("stance", scheme.stance_ids)):
        for label in sorted(set(table[column].unique()) - set(known)):
            raise unknown_label(column, label, known, what)
    for column in ("outlet", "date", "cluster"):
        if column not in table.columns:
            table = table.with_columns(pl.lit(None, pl.String).alias(column))
    table = table.sort("article", "sentence", maintain_order=True)
    twice = table.filter(pl.struct("article", "sentence").is_duplicated())
    if twice.height:
        raise RowError(
            f"{what}: sentence {twice['sentence'][0]} of article {twice['article'][0]!r} stands there twice",
            expected="one row for each (article, sentence)",
            hint="was one file given twice, do two outlets use the same article ids, or do several files name none?",
        )
    return table.with_columns(
        pl.col("outlet").fill_null(NO_OUTLET),
        pl.col("text").str.count_matches(r"\S+").clip(lower_bound=1).cast(pl.Int64).alias("words"),
        (pl.int_range(pl.len()) / (pl.len() - 1).clip(lower_bound=1)).over("article").alias("place"),
    )


def grouped(table: pl.DataFrame, by: str) -> pl.DataFrame:
    """The prepared table with the column `group`: the value of `by`, a column of the rows as given, as text.

    `year` and `month` are cut from `date` when the rows have no such column.

    Raises:
        RowError: there is no such column, or a date is no ISO date.
    """
    if _inside(by) in table.columns:
        if table[_inside(by)].dtype.is_nested():
            raise RowError(
                f"column {by!r} holds lists or objects, which make no groups",
                expected="one text, number or date in each row",
                hint="give the rows a column with the part of it that is meant",
            )
        value = pl.col(_inside(by)).cast(pl.String)
    elif by in DATE_PARTS:
        for row in table.filter(~pl.col("date").str.contains(DATE_PATTERNS[by])).head(1).iter_rows(named=True):
            raise no_date(by, row["date"], row["article"], row["sentence"])
        value = pl.col("date").str.slice(0, DATE_PARTS[by])
    else:
        raise RowError(
            f"no column {by!r} to group by",
            expected=f"one of {', '.join(_given(table))}, {', '.join(DATE_PARTS)}",
        )
    return table.with_columns(value.fill_null(NO_OUTLET if by == "outlet" else f"(no {by})").alias("group"))


def _inside(column: str) -> str:
    """What a column of the rows is called in a prepared table."""
    return column if column in _TEXTS or column in _NUMBERS else _OTHER + column


def _given(table: pl.DataFrame) -> list[str]:
    """The columns of a prepared table that can make groups, as the rows called them."""
    names = [column.removeprefix(_OTHER) for column in table.columns]
    return [name for name, column in zip(names, table.columns, strict=True) if _inside(name) == column]


def scheme_of(rows: pl.DataFrame, named: Scheme | str | Path | None) -> Scheme:
    """The scheme that was named, or else the one shipped scheme that has all labels of these rows.

    Raises:
        SchemeError: no such scheme, or none (or several) of the shipped ones fit.
    """
    if isinstance(named, Scheme):
        return named
    if named is not None:
        return Scheme.load(named)
    speakers, stances = set(rows["speaker"].unique()), set(rows["stance"].unique())
    schemes = [Scheme.load(name) for name in shipped_schemes()]
    fits = [s for s in schemes if speakers <= set(s.speaker_ids) and stances <= set(s.stance_ids)]
    if len(fits) != 1:
        raise SchemeError(
            "the rows do not say which scheme their labels are of" if fits else "no shipped scheme has these labels",
            expected=f"one of the shipped schemes: {', '.join(s.name for s in schemes)}",
            found=f"speakers {', '.join(sorted(map(str, speakers)))}; stances {', '.join(sorted(map(str, stances)))}",
            hint="name it: --scheme NAME, or --scheme my.yaml",
        )
    return fits[0]
