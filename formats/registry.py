"""Which formats there are, which one a file is of, and reading and writing by name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..model.errors import RowError, SaysoError
from ..model.records import LabelledSentence
from ..model.scheme import Scheme
from .arrow import is_dataset, read_dataset, write_dataset
from .authored import is_authored, is_codes, read_authored_form, read_codes
from .base import Format, Reading, ReadOptions
from .brat import is_brat, read_brat, write_brat
from .doccano import is_doccano, read_doccano, write_doccano
from .excel import is_excel, read_excel, write_excel
from .label_studio import is_label_studio, read_label_studio, write_label_studio
from .labels import by_id, check_known
from .losses import losses
from .rows import is_rows, read_row_file, write_row_file
from .webanno import is_webanno, read_webanno, write_webanno
from .xmi import is_xmi, read_xmi, write_xmi

#: In the order in which they are asked whether a file is theirs; our own rows, which take most suffixes, come last.
FORMATS = {
    form.name: form
    for form in (
        Format("excel", "an Excel workbook", (".xlsx",), is_excel, read_excel, write_excel),
        Format("xmi", "UIMA CAS XMI: a folder, a zip or a file", (), is_xmi, read_xmi, write_xmi),
        Format("webanno", "WebAnno TSV 3: a folder or a file", (), is_webanno, read_webanno, write_webanno),
        Format("datasets", "a folder of Hugging Face datasets", (), is_dataset, read_dataset, write_dataset),
        Format("brat", "brat stand-off: a folder", (), is_brat, read_brat, write_brat),
        Format("doccano", "doccano JSONL", (), is_doccano, read_doccano, write_doccano),
        Format("label-studio", "Label Studio JSON", (".json",), is_label_studio, read_label_studio, write_label_studio),
        Format("codes", "two-letter codes by sentence number, without text", (), is_codes, read_codes),
        Format("authored", "two-letter code, tab, sentence: a file or a folder", (), is_authored, read_authored_form),
        Format("rows", "sayso's rows", (".jsonl", ".csv", ".tsv", ".parquet"), is_rows, read_row_file, write_row_file),
    )
}


def find_format(path: Path, name: str | None = None) -> Format:
    """The format of a file that exists, or the one named.

    Raises:
        RowError: no such format, no such file, or none that is recognised.
    """
    if name is not None:
        return _named(name)
    if not path.exists():
        raise RowError(f"no file or folder {path}", expected="labelled sentences")
    for form in FORMATS.values():
        if form.recognises(path):
            return form
    raise RowError(
        f"cannot tell what {path} is",
        expected=f"one of {', '.join(FORMATS)}",
        hint="name its format with --from",
    )


def _named(name: str) -> Format:
    if name not in FORMATS:
        raise RowError("unknown format", expected=f"one of {', '.join(FORMATS)}", found=repr(name))
    return FORMATS[name]


def read(path: Path, options: ReadOptions | None = None, name: str | None = None, *, check: bool = True) -> Reading:
    """Labelled sentences of a file or folder in any format.

    Labels may be a speaker's or stance's id in any case, or its name, if a scheme is given; a note says so.

    Args:
        path: the file or folder.
        options: labels and column names; None for neither.
        name: of the format; None: recognised.
        check: whether labels must be of the scheme, if one is given.

    Raises:
        RowError: it cannot be recognised or read; a row has a text but no place for its labels.
        SchemeError: labels are not of the scheme: all of them, with how often and where first.
    """
    form = find_format(path, name)
    if not path.exists():
        raise RowError(f"no file or folder {path}", expected=form.title)
    chosen = ReadOptions() if options is None else options
    reading = form.read(path, chosen)
    if chosen.scheme is None:
        return reading
    rows, notes = by_id(reading.rows, chosen.scheme)
    found = Reading(tuple(rows), (*reading.notes, *notes), reading.places)
    if check:
        check_known(((row, where) for where, row in found.placed(path)), chosen.scheme)
    return found


def format_to_write(path: Path, name: str | None = None) -> Format:
    """The format for a new file: the one named, or the one that its suffix means.

    Raises:
        RowError: no such format, it can only be read, or the suffix means none.
    """
    if name is None:
        by_suffix = {suffix: form for form in FORMATS.values() for suffix in form.suffixes}
        if path.suffix.lower() not in by_suffix:
            raise RowError(
                f"cannot tell in which format to write {path}",
                expected=f"a name that ends in {' '.join(by_suffix)}",
                hint=f"name the format with --to: {', '.join(f.name for f in FORMATS.values() if f.write)}",
            )
        return by_suffix[path.suffix.lower()]
    form = _named(name)
    if form.write is None:
        raise RowError(f"the format {name} can only be read")
    return form


def check_no_work_lost(path: Path, rows: Sequence[LabelledSentence], name: str | None = None) -> None:
    """See that tasks do not replace a file in which people have filled labels in.

    Args:
        path: where the tasks are to be written.
        rows: the tasks. A label that stands in the old file may go only where they hold the same.
        name: of the format; None: by the suffix.

    Raises:
        RowError: a label would be lost, or what stands there cannot be read to find out.
    """
    if not path.is_file() and not path.is_dir():
        return
    if not (any(path.iterdir()) if path.is_dir() else path.stat().st_size):
        return
    try:
        old = format_to_write(path, name).read(path, ReadOptions()).rows
    except SaysoError as error:
        raise RowError(
            f"{path} exists, and it cannot be seen whether it holds labels",
            expected="a new name",
            found=error.one_line(),
            hint="take another name, or delete it first",
        ) from None
    kept = {row.key: (row.speaker, row.stance) for row in rows}
    lost = [row for row in old if (row.speaker or row.stance) and kept.get(row.key) != (row.speaker, row.stance)]
    if lost:
        first = f"sentence {lost[0].sentence} of article {lost[0].article}"
        raise RowError(
            f"{path} holds labels that would be lost",
            expected="a new name, or a file of tasks in which nothing is filled in",
            found=f"{len(lost)} labelled sentences, the first of them {first}",
            hint="take another name",
        )


def write(
    path: Path, rows: Sequence[LabelledSentence], scheme: Scheme | None = None, name: str | None = None
) -> list[str]:
    """Write labelled sentences, and read them back to see what the format could not hold.

    Args:
        path: the new file or folder.
        rows: to be written.
        scheme: the labels of the study, for formats that list them.
        name: of the format; None: by the suffix.

    Returns:
        What was lost, a line each.

    Raises:
        RowError: the format is not known, or cannot hold these rows at all.
    """
    form = format_to_write(path, name)
    if form.write is None:
        raise RowError(f"the format {form.name} can only be read")
    if not rows:
        raise RowError(f"nothing to write to {path}", expected="at least one sentence")
    form.write(path, rows, scheme)
    back = form.read(path, ReadOptions(scheme=scheme))
    return losses(rows, back.rows, path.name)
