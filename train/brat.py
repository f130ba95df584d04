"""Attributions in brat stand-off files, as PolNeAR 1.0 (Newell et al., LREC 2018) has them.

`T` lines hold spans (`T3\tContent 11 72;80 95\ttext`), `E` lines join them (`E1\tAttribution:T4 Content:T3 Cue:T2
Source:T1`); an attribution may lack a source, and may have several contents.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ..model.errors import RowError
from ..model.rowfiles import not_utf8

# A span whose text has a line break goes on in lines that are neither.
_SPAN_LINE, _EVENT_LINE = re.compile(r"^T\d+\t"), re.compile(r"^E\d+\t")
_ROLE = re.compile(r"^(Source|Cue|Content)\d*$")


@dataclass(frozen=True, slots=True)
class Attribution:
    """One attribution: character spans (start, end) of its parts, each part possibly in pieces, possibly absent."""

    source: tuple[tuple[int, int], ...]
    cue: tuple[tuple[int, int], ...]
    content: tuple[tuple[int, int], ...]


def read_attributions(path: Path, n_chars: int) -> list[Attribution]:
    """The attributions of one `.ann` file.

    Args:
        path: the file.
        n_chars: length of the text that it annotates.

    Raises:
        RowError: it is not UTF-8, a line is malformed, names a span that is not there, or a span lies outside the text.
    """
    spans: dict[str, tuple[tuple[int, int], ...]] = {}
    events: list[tuple[int, list[str]]] = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        raise not_utf8(path) from None
    for number, line in enumerate(lines, 1):
        if _SPAN_LINE.match(line):
            name, pieces = _span(path, number, line, n_chars)
            spans[name] = pieces
        elif _EVENT_LINE.match(line):
            events.append((number, line.split("\t", 1)[-1].split()))
    attributions = []
    for number, parts in events:
        found: dict[str, tuple[tuple[int, int], ...]] = {"Source": (), "Cue": (), "Content": ()}
        for part in parts:
            role, _, name = part.partition(":")
            match = _ROLE.match(role)
            if match is None:
                continue
            if name not in spans:
                raise RowError(
                    f"{path}:{number}: no span {name}", expected="a T line for every span that an E line names"
                )
            found[match[1]] += spans[name]
        attributions.append(Attribution(found["Source"], found["Cue"], found["Content"]))
    return attributions


def _span(path: Path, number: int, line: str, n_chars: int) -> tuple[str, tuple[tuple[int, int], ...]]:
    fields = line.split("\t")
    try:
        pieces = tuple((int(a), int(b)) for a, b in (p.split() for p in fields[1].split(" ", 1)[1].split(";")))
    except (IndexError, ValueError):
        raise RowError(
            f"{path}:{number}: bad span line", expected="T1<tab>Kind start end[;start end]<tab>text", found=line
        ) from None
    if any(not 0 <= a < b <= n_chars for a, b in pieces):
        raise RowError(f"{path}:{number}: span outside the text", expected=f"0 to {n_chars}", found=str(pieces))
    return fields[0], pieces
