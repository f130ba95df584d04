"""Hugging Face `datasets`: a folder as `save_to_disk` writes it, of one part or of several (train, test ...)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..model.errors import RowError
from ..model.records import LabelledSentence, to_row
from ..model.rowfiles import arrow_column, check_header, columns_of, of_articles, renamed
from ..model.scheme import Scheme
from .base import Reading, ReadOptions, needs, row_of

if TYPE_CHECKING:
    from datasets import Dataset

_PARTS, _PART = "dataset_dict.json", "dataset_info.json"


def is_dataset(path: Path) -> bool:
    """Whether it is a folder that `datasets` saved."""
    return path.is_dir() and ((path / _PARTS).is_file() or (path / _PART).is_file())


def write_dataset(path: Path, rows: Sequence[LabelledSentence], _scheme: Scheme | None) -> None:
    """Write one part."""
    with needs("datasets", "Hugging Face datasets"):
        from datasets import Dataset, are_progress_bars_disabled, disable_progress_bars, enable_progress_bars
    columns = columns_of(rows)
    plain = [to_row(row) for row in rows]
    # A column of several kinds of value becomes text, as in Parquet.
    arrays = {column: arrow_column(column, [row.get(column) for row in plain]) for column in columns}
    part = Dataset.from_dict({column: array.to_pylist() for column, array in arrays.items()})
    quiet = are_progress_bars_disabled()
    disable_progress_bars()
    try:
        part.save_to_disk(str(path))
    finally:
        if not quiet:
            enable_progress_bars()


def read_dataset(path: Path, options: ReadOptions) -> Reading:
    """Read all parts; with several, the column `split` tells them apart. Coded labels become their names.

    Raises:
        RowError: the folder is damaged, or a row is wrong.
    """
    with needs("datasets", "Hugging Face datasets"):
        from datasets import DatasetDict, load_from_disk
    try:
        found = load_from_disk(str(path))
    except (OSError, ValueError) as error:
        raise RowError(f"{path} is no readable dataset", found=str(error)) from None
    parts: dict[str, Dataset] = dict(found) if isinstance(found, DatasetDict) else {"": found}
    rows = of_articles(_placed(path, parts, options))
    return Reading(tuple(row_of(data, where, number) for number, (where, data) in enumerate(rows)))


def _placed(path: Path, parts: Mapping[str, Dataset], options: ReadOptions) -> Iterator[tuple[str, dict[str, Any]]]:
    """Where each row stands, and its columns by our names."""
    for name, part in parts.items():
        names = {c: f.names for c, f in part.features.items() if hasattr(f, "names") and hasattr(f, "int2str")}
        check_header(part.column_names, options.columns, f"{path}, {name}" if name else str(path))
        for number, data in enumerate(part):
            # Every row of a table has every column; those that a row never had are None.
            row = {column: _named(value, names.get(column)) for column, value in data.items() if value is not None}
            if name:
                row.setdefault("split", name)
            yield f"{path}, {name or 'row'} {number}", renamed(row, options.columns)


def _named(value: Any, names: Sequence[str] | None) -> Any:
    """The label's name where the column holds label numbers (`ClassLabel`, in which -1 is no label)."""
    if names is None or not isinstance(value, int):
        return value
    return "" if value == -1 else names[value]
