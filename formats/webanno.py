r"""WebAnno TSV 3, as INCEpTION and WebAnno export and import it: one file an article, in a folder, or one by itself.

The format (INCEpTION user guide, "WebAnno TSV 3.3 File format"): a header that names layers and features; then for each
sentence its text (`#Text=`) and a line for each token, with a column for each feature. An annotation over several
tokens stands at each of them with the same number (`kremlin[3]`), several annotations of one token are parted by `|`.
Offsets count UTF-16 units. `\ [ ] | _ -> ; * tab newline` are escaped by a backslash.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..model.errors import RowError
from ..model.records import LabelledSentence
from ..model.rowfiles import whole_file
from ..model.scheme import Scheme
from .base import Reading, ReadOptions, first_line, read_text
from .documents import COLUMNS, LABELS, Document, Mark, article_id, file_stem, from_documents, to_documents
from .xmi import LAYER, WORD

_FORMAT = "#FORMAT=WebAnno TSV 3"
_RESERVED = re.compile(r"->|[\\\[\]|_;*]")
_ESCAPED = re.compile(r"\\(->|t|n|r|.)", re.DOTALL)
_BREAKS = {"\t": r"\t", "\n": r"\n", "\r": r"\r"}
_FEATURES = (*LABELS, COLUMNS)
#: An annotation's value and its number, and the bars between annotations; what is escaped parts nothing.
_STACK = re.compile(r"((?:\\->|\\.|[^\\|])*)(?:\||$)", re.DOTALL)
_NUMBERED = re.compile(r"(.*?)(?<!\\)\[(\d+)\]", re.DOTALL)


def is_webanno(path: Path) -> bool:
    """Whether it is a `.tsv` that says so in its first line, or a folder of such."""
    if path.is_dir():
        first = next(iter(sorted(path.glob("*.tsv"))), None)
        return first is not None and is_webanno(first)
    return path.suffix.lower() == ".tsv" and path.is_file() and first_line(path).startswith(_FORMAT)


def write_webanno(path: Path, rows: Sequence[LabelledSentence], _scheme: Scheme | None) -> None:
    """Write a folder with one `.tsv` for each article."""
    path.mkdir(parents=True, exist_ok=True)
    for document in to_documents(rows):
        with whole_file(path / f"{file_stem(document.name)}.tsv", newline="") as file:
            file.write(_table(document))


def _table(document: Document) -> str:
    units = _utf16_offsets(document.text)
    lines = [f"{_FORMAT}.3", f"#T_SP={LAYER}|{'|'.join(_FEATURES)}", ""]
    sentences: dict[tuple[int, int], list[tuple[int, Mark]]] = {}
    for number, mark in enumerate(document.marks, 1):
        sentences.setdefault((mark.start, mark.end), []).append((number, mark))
    for row, ((start, end), marks) in enumerate(sentences.items(), 1):
        lines.append("")
        lines += [f"#Text={_escape_text(line)}" for line in document.text[start:end].split("\n")]
        cells = [
            "|".join(f"{_escape(mark.features.get(name, '')) or '*'}[{number}]" for number, mark in marks)
            for name in _FEATURES
        ]
        for column, word in enumerate(WORD.finditer(document.text, start, end), 1):
            place = f"{units[word.start()]}-{units[word.end()]}"
            lines.append("\t".join([f"{row}-{column}", place, _escape_text(word[0]), *cells, ""]))
    return "".join(f"{line}\n" for line in lines)


def _escape(value: str) -> str:
    escaped = _RESERVED.sub(lambda match: "\\" + match[0], value)
    return re.sub(r"[\t\n\r]", lambda match: _BREAKS[match[0]], escaped)


def _escape_text(text: str) -> str:
    """Text between tabs: only the backslash, tabs and line breaks would be misread."""
    return re.sub(r"[\t\n\r]", lambda match: _BREAKS[match[0]], text.replace("\\", "\\\\"))


def _unescape(value: str) -> str:
    return _ESCAPED.sub(lambda match: {"t": "\t", "n": "\n", "r": "\r"}.get(match[1], match[1]), value)


def _utf16_offsets(text: str) -> list[int]:
    """UTF-16 offset of each character, and of the text's end."""
    offsets = [0]
    for character in text:
        offsets.append(offsets[-1] + (2 if ord(character) > 0xFFFF else 1))
    return offsets


def read_webanno(path: Path, options: ReadOptions) -> Reading:
    """Read a file or a folder of WebAnno TSV 3.

    Raises:
        RowError: a line is malformed.
    """
    files = sorted(path.glob("*.tsv")) if path.is_dir() else [path]
    return from_documents((_document(file) for file in files), options)


@dataclass(slots=True)
class _Parser:
    """One file, line by line."""

    path: Path
    #: (layer, feature) of each column after the token.
    columns: list[tuple[str, str]] = field(default_factory=list)
    #: (layer, number of the annotation) to [start, end, features]; offsets in UTF-16 units.
    found: dict[tuple[str, str], tuple[list[int], dict[str, str]]] = field(default_factory=dict)
    #: Texts of the sentences, each with the UTF-16 offset of its start.
    sentences: list[tuple[int, str]] = field(default_factory=list)
    pending: list[str] = field(default_factory=list)

    def header(self, line: str) -> None:
        """`#T_SP=layer|feature|feature`: the columns that follow."""
        layer, *features = line.split("=", 1)[1].split("|")
        self.columns += [(layer, feature) for feature in features] or [(layer, "")]

    def token(self, number: int, line: str) -> None:
        """A token with its annotations."""
        fields = line.rstrip("\r").split("\t")
        try:
            start, end = (int(offset) for offset in fields[1].split("-"))
        except (IndexError, ValueError):
            raise RowError(
                f"{self.path}:{number}: bad line", expected="1-1<tab>0-4<tab>word<tab>annotations", found=line[:80]
            ) from None
        if self.pending:
            text = "\n".join(self.pending)
            lead = text.find(_unescape(fields[2]))
            self.sentences.append((start - len(text[: max(lead, 0)].encode("utf-16-le")) // 2, text))
            self.pending = []
        for (layer, feature), cell in zip(self.columns, fields[3:], strict=False):
            if cell in {"_", ""}:
                continue
            for place, value in enumerate(match[1] for match in _STACK.finditer(cell) if match[1]):
                numbered = _NUMBERED.fullmatch(value)
                # Without a number it is this token's own; tokens and features go together.
                key = (layer, numbered[2] if numbered else f"{number}/{place}")
                span, features = self.found.setdefault(key, ([start, end], {}))
                span[:] = min(span[0], start), max(span[1], end)
                raw = numbered[1] if numbered else value
                if raw != "*":
                    features[feature] = _unescape(raw)


def _document(path: Path) -> Document:
    parser = _Parser(path)
    for number, line in enumerate(read_text(path).split("\n"), 1):
        if line.startswith(("#T_SP=", "#T_CH=", "#T_RL=")):
            parser.header(line.rstrip("\r"))
        elif line.startswith("#Text="):
            parser.pending.append(_unescape(line.removeprefix("#Text=").rstrip("\r")))
        elif line[:1].isdigit():
            parser.token(number, line)
    return Document(article_id(path.stem), *_placed(parser))


def _placed(parser: _Parser) -> tuple[str, tuple[Mark, ...]]:
    """The text, with blanks where the file has none, and the marks in characters."""
    parts, n_units = [], 0
    for start, text in parser.sentences:
        parts += [" " * (start - n_units), text]
        n_units = max(start, n_units) + len(text.encode("utf-16-le")) // 2
    whole = "".join(parts)
    to_character = {unit: i for i, unit in enumerate(_utf16_offsets(whole))}
    return whole, tuple(_mark_list(parser, to_character))


def _mark_list(parser: _Parser, to_character: dict[int, int]) -> Iterator[Mark]:
    for (layer, number), ((start, end), features) in parser.found.items():
        if start not in to_character or end not in to_character:
            raise RowError(f"{parser.path}: annotation {number} lies outside the text", found=f"{start} to {end}")
        said = features if features else {"": layer.split(".")[-1]}
        yield Mark(to_character[start], to_character[end], said)
