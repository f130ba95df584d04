"""The authored form of labels: two-letter codes, beside the sentence or beside its number.

`articles/NNN.txt` is the form of `seeds/articles` (see `train/seeds`). A second reader's codes hold no text: files
`NNN.txt` of lines `number<TAB>code`, or one CSV of `article,sentence,code`.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

from ..model.errors import RowError, SchemeError
from ..model.records import LabelledSentence
from ..model.rowfiles import told_lines
from ..model.scheme import Scheme, shipped_schemes, unknown_label
from .base import Reading, ReadOptions, first_line, read_text

_CODE_LINE = re.compile(r"^\d+\t\S+$")
_CODE_HEADER = ["article", "sentence", "code"]


def _first_text(path: Path) -> Path | None:
    if path.is_dir():
        return next(iter(sorted(path.glob("*.txt"))), None)
    return path if path.suffix == ".txt" else None


def is_authored(path: Path) -> bool:
    """Whether it is a `.txt` file, or a folder of them, with a code before each sentence."""
    text = _first_text(path)
    if text is None or is_codes(path):
        return False
    line = first_line(text)
    return line.startswith("# ") or re.match(r"^\S{2}\t", line) is not None


def is_codes(path: Path) -> bool:
    """Whether it is a folder (or file) of `number<TAB>code` lines, or a CSV of article, sentence, code."""
    if path.suffix == ".csv" and path.is_file():
        return first_line(path).split(",") == _CODE_HEADER
    text = _first_text(path)
    return text is not None and _CODE_LINE.match(first_line(text)) is not None


def read_authored_form(path: Path, options: ReadOptions) -> Reading:
    """Read authored articles.

    Raises:
        RowError: a file has a fault; all of them are named.
        SchemeError: no scheme was named: the codes are letters of one.
    """
    from ..train.seeds import load_authored, read_authored

    scheme = _scheme(path, options)
    if path.is_dir():
        return Reading(tuple(row for article in load_authored(path, scheme) for row in article.rows))
    article, faults = read_authored(path, scheme)
    if faults:
        raise RowError(f"{len(faults)} faults in {path}", found="\n            ".join(map(str, faults[:20])))
    return Reading(article.rows)


def read_codes(path: Path, options: ReadOptions) -> Reading:
    """Read codes without text; the rows' text is "".

    Raises:
        RowError: a line is malformed.
        SchemeError: no scheme was named, or a code is not of it.
    """
    from ..train.seeds import codes

    known = codes(_scheme(path, options))
    rows = []
    for where, article, sentence, code in _code_lines(path):
        if code not in known:
            raise unknown_label("code", code, known, where)
        speaker, stance = known[code]
        rows.append(LabelledSentence(article, 0, sentence, 0, 0, "", speaker, stance))
    return Reading(tuple(rows))


def _code_lines(path: Path) -> Iterator[tuple[str, str, int, str]]:
    """(file and line, article, sentence, code)."""
    if path.suffix == ".csv":
        table = csv.DictReader(StringIO(read_text(path), newline=""), strict=True)
        if table.fieldnames is None or list(table.fieldnames) != _CODE_HEADER:
            found = "an empty file" if table.fieldnames is None else ",".join(table.fieldnames)
            raise RowError(f"{path}: no table of codes", expected=",".join(_CODE_HEADER), found=found)
        for data in told_lines(table, path):
            where = f"{path}:{table.line_num}"
            if not (data["sentence"] or "").isdecimal() or not data["article"] or not data["code"]:
                raise RowError(f"{where}: bad line", expected="article,sentence,code", found=str(data))
            yield where, data["article"], int(data["sentence"]), data["code"]
        return
    for file in sorted(path.glob("*.txt")) if path.is_dir() else [path]:
        for number, line in enumerate(read_text(file).splitlines(), 1):
            if not line.strip():
                continue
            if _CODE_LINE.match(line) is None:
                raise RowError(f"{file}:{number}: bad line", expected="sentence number, tab, code", found=repr(line))
            sentence, code = line.split("\t")
            yield f"{file}:{number}", file.stem, int(sentence), code


def _scheme(path: Path, options: ReadOptions) -> Scheme:
    if options.scheme is None:
        raise SchemeError(
            f"{path} holds two-letter codes, which only a scheme explains",
            expected="--scheme",
            hint=f"shipped schemes: {', '.join(shipped_schemes())}",
        )
    return options.scheme
