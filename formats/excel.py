"""Excel: one sheet, one sentence a row, with drop-down lists of the labels for whoever fills them in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..model.errors import RowError
from ..model.records import NESTED_COLUMNS, LabelledSentence, to_row
from ..model.rowfiles import check_case, check_header, columns_of, of_articles, renamed, table_cell, whole_file
from ..model.scheme import Scheme
from .base import Reading, ReadOptions, needs, open_note, row_of

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

#: What openpyxl lets through and XML cannot hold.
_NO_XML = re.compile("[\ud800-\udfff\ufffe\uffff]")
#: The most characters that Excel puts in a cell.
LONGEST_CELL = 32_767
#: The most characters that Excel takes in a list of choices.
LONGEST_LIST = 255
_WIDTHS = {"text": 80, "before": 60, "after": 40, "speaker": 22, "stance": 14}
_SHEET = "sentences"


def is_excel(path: Path) -> bool:
    """Whether it is an `.xlsx` file."""
    return path.suffix.lower() in {".xlsx", ".xlsm"} and path.is_file()


def write_excel(path: Path, rows: Sequence[LabelledSentence], scheme: Scheme | None) -> None:
    """Write a workbook; nested columns (`probabilities`, `evidence`) are left out.

    Raises:
        RowError: a text is too long for a cell, or has a character that Excel cannot hold.
    """
    with needs("openpyxl", "Excel files"):
        from openpyxl import Workbook
        from openpyxl.styles import Alignment, Font
    book = Workbook()
    sheet = book.active
    if sheet is None:
        raise RowError("no sheet in a new workbook")
    sheet.title = _SHEET
    columns = [column for column in columns_of(rows) if column not in NESTED_COLUMNS]
    for place, column in enumerate(columns, 1):
        _fill(sheet, 1, place, column, f"the column {column!r}")
        sheet.cell(1, place).font = Font(bold=True)
    wrap = Alignment(wrap_text=True, vertical="top")
    for number, row in enumerate(rows, 2):
        data = to_row(row)
        for place, column in enumerate(columns, 1):
            _fill(sheet, number, place, data.get(column), f"sentence {row.sentence} of article {row.article}, {column}")
            sheet.cell(number, place).alignment = wrap
    sheet.freeze_panes = "A2"
    _dress(sheet, columns, scheme, len(rows))
    with whole_file(path, binary=True) as file:
        book.save(file)


def _fill(sheet: Worksheet, row: int, column: int, value: Any, where: str) -> None:
    from openpyxl.utils.exceptions import IllegalCharacterError

    if value is None or value == "":
        return
    cell = sheet.cell(row, column)
    if not isinstance(value, str | int | float | bool):
        value = str(table_cell(value))
    if isinstance(value, str) and len(value) > LONGEST_CELL:
        raise RowError(f"{where}: too long for a cell", expected=f"{LONGEST_CELL} characters", found=str(len(value)))
    try:
        if isinstance(value, str) and (wrong := _NO_XML.search(value)):
            raise IllegalCharacterError(wrong[0])
        cell.value = value
    except IllegalCharacterError:
        raise RowError(f"{where}: a character that Excel cannot hold", found=repr(value)[:80]) from None
    if isinstance(value, str):
        # Text that begins with = is no formula.
        cell.data_type = "s"


def _dress(sheet: Worksheet, columns: Sequence[str], scheme: Scheme | None, n_rows: int) -> None:
    """Column widths, and drop-down lists of labels."""
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    for place, column in enumerate(columns, 1):
        sheet.column_dimensions[get_column_letter(place)].width = _WIDTHS.get(column, 12)
    if scheme is None:
        return
    for column, labels in (("speaker", scheme.speaker_ids), ("stance", scheme.stance_ids)):
        letter = get_column_letter(columns.index(column) + 1)
        choices = _choices(sheet, column, labels)
        validation = DataValidation(type="list", formula1=choices, allow_blank=True, showErrorMessage=True)
        sheet.add_data_validation(validation)
        validation.add(f"{letter}2:{letter}{n_rows + 1}")


def _choices(sheet: Worksheet, column: str, labels: Sequence[str]) -> str:
    """A drop-down list as Excel takes it; a long one stands in a hidden sheet of its own."""
    listed = ",".join(labels)
    if len(listed) <= LONGEST_LIST or sheet.parent is None:
        return f'"{listed}"'
    hidden = sheet.parent.create_sheet(f"{column} labels")
    hidden.sheet_state = "hidden"
    for label in labels:
        hidden.append([label])
    return f"'{hidden.title}'!$A$1:$A${len(labels)}"


def read_excel(path: Path, options: ReadOptions) -> Reading:
    """Read the first sheet that has a column `text`.

    Raises:
        RowError: it is no workbook, no sheet has the column, a column is named so that it would be passed over, or
            a row is wrong.
    """
    with needs("openpyxl", "Excel files"):
        from openpyxl import load_workbook
    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except Exception as error:  # openpyxl lets through whatever zipfile and its XML parser raise
        raise RowError(f"{path} is no readable workbook", found=f"{type(error).__name__}: {error}") from None
    text_column = options.columns.get("text", "text")
    headers: dict[str, list[str]] = {}
    try:
        for sheet in book.worksheets:
            if hasattr(sheet, "reset_dimensions"):
                sheet.reset_dimensions()  # some programs state a size that is too small, and rows beyond it are lost
            lines = sheet.iter_rows(values_only=True)
            headers[sheet.title] = ["" if cell is None else str(cell).strip() for cell in next(lines, ())]
        first, *others = [title for title, header in headers.items() if text_column in header] or [""]
        if first:
            lines = book[first].iter_rows(min_row=2, values_only=True)
            return _reading(path, f"{path}, {first}", headers[first], lines, options, others)
    finally:
        book.close()
    for title, header in headers.items():
        check_case(header, options.columns, f"{path}, {title}")
    found = "; ".join(f"{title}: {', '.join(filter(None, header))}" for title, header in headers.items())
    raise RowError(f"{path}: no sheet has a column {text_column!r} in its first row", found=found, hint="--column")


def _reading(
    path: Path, where: str, header: Sequence[str], lines: Any, options: ReadOptions, unread: Sequence[str]
) -> Reading:
    """The rows of a sheet.

    Args:
        path: the workbook.
        where: the sheet, for errors.
        header: its first row.
        lines: the others.
        options: as `read_excel` has them.
        unread: other sheets that hold sentences.
    """
    check_header(header, options.columns, where)
    n_nameless = 0

    def by_column() -> Iterator[tuple[str, dict[str, Any]]]:
        nonlocal n_nameless
        for number, cells in enumerate(lines, 2):
            if all(_is_blank(cell) for cell in cells):
                continue
            names = [*header, *[""] * (len(cells) - len(header))]
            n_nameless += sum(not name and not _is_blank(cell) for name, cell in zip(names, cells, strict=False))
            cells_of = {name: cell for name, cell in zip(names, cells, strict=False) if name and cell is not None}
            data = renamed(cells_of, options.columns)
            if hasattr(data.get("date"), "isoformat"):
                data["date"] = data["date"].isoformat()[:10]
            yield f"{path}, row {number}", data

    placed = [(place, row_of(data, place, i)) for i, (place, data) in enumerate(of_articles(by_column()))]
    rows = tuple(row for _, row in placed)
    notes = open_note(rows)
    if unread:
        notes.append(f"only the first sheet with sentences was read, not {', '.join(unread)}: one file a sheet")
    if n_nameless:
        notes.append(f"cells left out because their column has no name in the first row: {n_nameless}")
    return Reading(rows, tuple(notes), tuple(place for place, _ in placed))


def _is_blank(cell: object) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())
