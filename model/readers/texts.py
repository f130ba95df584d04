"""Articles from plain text: a file is an article, its text exactly as decoded."""

from __future__ import annotations

import codecs
import io
import json
import re
from collections.abc import Iterator

from ..errors import ArticleError
from ..records import Article
from .rows import articles_of, json_rows
from .settings import ARRAY_HINT, Failure, ReadSettings, Warn
from .sources import Source
from .streams import decode, marked_encoding, open_source, put_back, read_bounded, too_long

#: UTF-8 and UTF-16 take at most four bytes a character; a byte-order mark takes four more.
_BYTES_PER_CHAR, _MARK_BYTES = 4, 4


def read_text(source: Source, settings: ReadSettings, warn: Warn) -> Iterator[Article | Failure]:
    """The article of one text file."""
    with open_source(source, settings) as stream:
        data = read_bounded(stream, _max_bytes(settings))
    yield _article(data, source, settings, warn)


def read_stream(source: Source, settings: ReadSettings, warn: Warn) -> Iterator[Article | Failure]:
    """Articles of a stream without a name: JSONL if its first line is a JSON object, else one plain article."""
    with open_source(source, settings) as stream:
        head, line = _first_line(stream, _max_bytes(settings))
        if _is_json_object(line):
            yield from articles_of(json_rows(put_back(head, stream), source, settings, warn), settings)
        else:
            _refuse_other_kinds(line, settings)
            data = head + read_bounded(stream, max(0, _max_bytes(settings) - len(head)))
            yield _article(data, source, settings, warn)


def _first_line(stream: io.BufferedReader, max_bytes: int) -> tuple[bytes, str]:
    """What was taken from the stream, about `max_bytes` at most, to see its first line that is not blank; that line."""
    decoder = codecs.getincrementaldecoder(marked_encoding(stream))("replace")
    taken: list[bytes] = []
    line: list[str] = []
    n_bytes = 0
    # In UTF-16 the byte 0x0A may be half of another character, or its line end begin the next piece.
    while n_bytes <= max_bytes and (piece := stream.readline(max_bytes - n_bytes + 1)):
        taken.append(piece)
        n_bytes += len(piece)
        before, newline, after = decoder.decode(piece).partition("\n")
        line.append(before)
        if newline:
            if any(part.strip() for part in line):
                break
            line = [after]
    return b"".join(taken), "".join(line)


def _article(data: bytes, source: Source, settings: ReadSettings, warn: Warn) -> Article:
    text, warning = decode(data)
    if not text.strip():
        raise ArticleError("empty", expected="the text of an article", found=f"{len(data)} bytes without a word")
    if len(text) > settings.max_article_chars:
        raise too_long(f"{len(text):,} characters")
    if warning:
        warn(f"{source.name}: {warning}")
    return Article(id=source.stem, text=text)


def _refuse_other_kinds(line: str, settings: ReadSettings) -> None:
    """See to it that a stream whose first line no article begins with is not labelled as one."""
    start = line.strip().lower().lstrip("\ufeff")
    cells = [cell.strip('" ') for cell in re.split(r"[,;\t]", line.strip().lstrip("\ufeff"))]
    is_header = len(cells) > 1 and all(re.fullmatch(r"\w[\w .-]{0,30}", cell) for cell in cells)
    for looks, kind, hint in (
        (re.match(r"[\[{]\s*($|[\[{\"])", start), "JSON, and not like JSON lines", ARRAY_HINT),
        (re.match(r"<(!doctype|html|head|\?xml)\b", start), "a web page", "save it in a file that ends in .html"),
        (
            is_header and settings.text_column in cells,
            "a table",
            "save it in a file that ends in .csv or .tsv",
        ),
    ):
        if looks:
            raise ArticleError(f"this looks like {kind}", expected="an article", found=repr(line[:60]), hint=hint)


def _is_json_object(line: str) -> bool:
    if not line.lstrip(" \t\r\n").startswith("{"):
        return False
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _max_bytes(settings: ReadSettings) -> int:
    return _BYTES_PER_CHAR * settings.max_article_chars + _MARK_BYTES
