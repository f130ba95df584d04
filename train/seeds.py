"""Authored articles (`seeds/articles/*.txt`) and stand-off labels of real ones, read and checked.

The authored form: `# key: value` lines, then one sentence a line: a two-letter code, a tab, the sentence. A blank
line parts paragraphs. The code's first letter is the speaker's letter in the scheme, its second the stance's initial.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..model.errors import RowError, SchemeError
from ..model.records import LabelledSentence, whole_number
from ..model.rowfiles import not_utf8
from ..model.scheme import Scheme

_CODED = re.compile(r"^(\S+)\t(.*)$")


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong in an authored file."""

    path: Path
    line: int
    problem: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.problem}"


@dataclass(frozen=True, slots=True)
class AuthoredArticle:
    """One authored article: header values and its rows; `lines[i]` is the file's line of row i."""

    path: Path
    header: dict[str, str]
    rows: tuple[LabelledSentence, ...]
    lines: tuple[int, ...]


def codes(scheme: Scheme) -> dict[str, tuple[str, str]]:
    """Two-letter code to (speaker id, stance id).

    Raises:
        SchemeError: two stances begin with one letter, so that a code would mean both.
    """
    first: dict[str, str] = {}
    for stance in scheme.stance_ids:
        other = first.setdefault(stance[0], stance)
        if other != stance:
            raise SchemeError(
                f"two-letter codes cannot tell the stances {other} and {stance} of scheme {scheme.name} apart",
                expected="stances that begin with different letters",
                hint="keep the labels in rows (.csv, .jsonl), which name stances in full, or rename one",
            )
    return {f"{s.letter}{t.id[0]}": (s.id, t.id) for s in scheme.speakers for t in scheme.stances}


def read_authored(path: Path, scheme: Scheme) -> tuple[AuthoredArticle, list[Fault]]:
    """Read one file; every fault is named with its line, and the rest is read all the same.

    Raises:
        SchemeError: the scheme has no two-letter codes.
    """
    known = codes(scheme)
    faults: list[Fault] = []
    header: dict[str, str] = {}
    rows: list[LabelledSentence] = []
    lines: list[int] = []
    paragraph, fresh, offset = -1, True, 0
    try:
        content = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        number = path.read_bytes()[: error.start].count(b"\n") + 1
        return AuthoredArticle(path, {}, (), ()), [Fault(path, number, f"not UTF-8: {error.reason}")]
    for number, line in enumerate(content.splitlines(), 1):
        if line.startswith("# ") and not rows:
            key, colon, value = line[2:].partition(":")
            if not colon or not value.strip():
                faults.append(Fault(path, number, f"header line is not '# key: value': {line!r}"))
            elif key.strip() in header:
                faults.append(Fault(path, number, f"header key {key.strip()!r} stands twice"))
            header[key.strip()] = value.strip()
            continue
        if not line.strip():
            fresh = True
            continue
        coded = _CODED.match(line)
        if coded is None:
            faults.append(Fault(path, number, f"no tab between code and sentence: {line[:60]!r}"))
            continue
        code, text = coded.groups()
        if code not in known:
            faults.append(Fault(path, number, f"code {code!r} is none of {' '.join(known)}"))
            continue
        if text != text.strip() or not text or "\t" in text:
            faults.append(Fault(path, number, "empty sentence, or white space around it, or a tab in it"))
            continue
        if fresh:
            paragraph += 1
            offset += 2 if rows else 0
        else:
            offset += 1
        fresh = False
        speaker, stance = known[code]
        rows.append(
            LabelledSentence(
                article=path.stem,
                paragraph=paragraph,
                sentence=len(rows),
                start=offset,
                end=offset + len(text),
                text=text,
                speaker=speaker,
                stance=stance,
                outlet=header.get("outlet"),
                date=header.get("date"),
            )
        )
        lines.append(number)
        offset += len(text)
    if not rows:
        faults.append(Fault(path, 1, "no sentence in it"))
    return AuthoredArticle(path, header, tuple(rows), tuple(lines)), faults


def load_authored(folder: Path, scheme: Scheme) -> list[AuthoredArticle]:
    """All authored articles of a folder, by name.

    Raises:
        RowError: a file has a fault; all of them are named.
        SchemeError: the scheme has no two-letter codes.
    """
    paths = sorted(folder.glob("*.txt"))
    if not paths:
        raise RowError(f"no authored articles in {folder}", expected="files NNN.txt")
    articles, faults = [], []
    for path in paths:
        article, its_faults = read_authored(path, scheme)
        articles.append(article)
        faults += its_faults
    if faults:
        raise RowError(f"{len(faults)} faults in {folder}", found="\n            ".join(map(str, faults[:20])))
    return articles


STANDOFF_COLUMNS = ("file", "sha256", "paragraph", "sentence", "start", "end", "speaker", "stance", "confidence")


def join_standoff(labels: Path, texts: Sequence[Path]) -> list[LabelledSentence]:
    """Stand-off labels joined with the texts they belong to.

    Args:
        labels: CSV with STANDOFF_COLUMNS; it holds no text.
        texts: folders in which the files may lie.

    Raises:
        RowError: columns are missing, a text is missing, or is not the one that was labelled (its sha256 differs).
    """
    rows: list[LabelledSentence] = []
    contents: dict[str, str] = {}
    for where, data in read_table(labels, STANDOFF_COLUMNS[:-1], f"{labels} holds no stand-off labels"):
        name = data["file"]
        if name not in contents:
            contents[name] = _verified(name, data["sha256"], texts, labels)
        start, end = _number(data, "start", where), _number(data, "end", where)
        if not start < end <= len(contents[name]):
            raise RowError(
                f"{where}: no such place in {name}",
                expected=f"start before end, and both within its {len(contents[name])} characters",
                found=f"{start} to {end}",
            )
        rows.append(
            LabelledSentence(
                article=Path(name).stem,
                paragraph=_number(data, "paragraph", where),
                sentence=_number(data, "sentence", where),
                start=start,
                end=end,
                text=contents[name][start:end],
                speaker=data["speaker"],
                stance=data["stance"],
                extra={"confidence": _number(data, "confidence", where)} if data.get("confidence") else {},
            )
        )
    return rows


def read_table(path: Path, columns: Sequence[str], problem: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Rows of one of our own CSV files, each with where it stands ("labels.csv:7").

    Args:
        path: the file.
        columns: those that it must have.
        problem: what to say if one is missing.

    Raises:
        RowError: it cannot be read, a column is missing, or a row has other cells than the header has columns.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            table = csv.DictReader(lines, strict=True)
            check_columns(table, columns, problem)
            for data in table:
                where = f"{path}:{table.line_num}"
                if None in data or None in data.values():
                    raise RowError(f"{where}: not as many cells as the header has columns")
                yield where, data
    except UnicodeDecodeError:
        raise not_utf8(path) from None
    except csv.Error as error:
        raise RowError(f"{path}: no readable table", found=str(error)) from None


def _number(data: Mapping[str, str], column: str, where: str) -> int:
    return whole_number(data[column], column, where)


def check_columns(table: csv.DictReader[str], columns: Sequence[str], problem: str) -> None:
    """See to it that a table has these columns.

    Raises:
        RowError: with the problem, and which are missing.
    """
    missing = set(columns) - set(table.fieldnames or ())
    if missing:
        raise RowError(problem, expected=f"columns {', '.join(columns)}", found=f"no {', '.join(sorted(missing))}")


def _verified(name: str, digest: str, folders: Sequence[Path], labels: Path) -> str:
    for folder in folders:
        path = folder / name
        if path.is_file():
            content = path.read_bytes()
            found = hashlib.sha256(content).hexdigest()
            if found != digest:
                raise RowError(f"{path} is not the text that {labels} labels", expected=f"sha256 {digest}", found=found)
            try:
                return content.decode("utf-8")
            except UnicodeDecodeError:
                raise not_utf8(path) from None
    raise RowError(
        f"the text {name} that {labels} labels is not here",
        expected=f"it in {' or '.join(map(str, folders))}",
        hint="name its folder with --texts (`sayso train`: --real)",
    )
