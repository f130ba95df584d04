"""From what the user names (files, folders, globs, `-`) to the files to read, in a fixed order."""

from __future__ import annotations

import glob
import os
import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import ArticleError
from .settings import ARRAY_HINT, Failure, Meter, Warn

#: Suffix to kind of input; every one may also end in .gz or .zst, .parquet excepted.
KINDS = {
    ".txt": "text",
    ".md": "text",
    ".html": "page",
    ".htm": "page",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".tsv": "tsv",
    ".parquet": "parquet",
    ".warc": "warc",
}
PACKED = (".gz", ".zst")
READABLE = f"a file that ends in {' '.join(KINDS)}, most of them also with {' or '.join(PACKED)} after it"


@dataclass(frozen=True, slots=True)
class Source:
    """One thing to read.

    Attributes:
        path: the file; None is standard input.
        kind: a value of KINDS, or `stream` for text or JSONL that only its first line can tell.
        name: how messages call it.
        stem: file name without its suffixes: the id of a file that is one article.
        meter: is told how far it has been read.
    """

    path: Path | None
    kind: str
    name: str
    stem: str
    meter: Meter = field(default_factory=Meter, compare=False, repr=False)


def expand(inputs: Sequence[str], warn: Warn | None = None) -> Iterator[Source | Failure]:
    """What to read, in the order of the inputs; folders by name, depth first.

    In a folder, files of unknown suffix (which `warn` is told of) and names that begin with a dot are passed over; a
    file that is named itself
    must be readable. A folder that was walked before (a symbolic link that leads back, or a folder named twice) is a
    Failure, not walked again; so is a pipe, socket or device in a folder that has a known suffix.
    """
    walked: set[tuple[int, int]] = set()
    for name in inputs:
        if name == "-":
            yield Source(None, "stream", "standard input", "stdin")
        elif os.path.lexists(name):
            yield from _expand_path(name, walked, warn)
        elif glob.has_magic(name):
            matches = _matches(name)
            if not matches:
                yield Failure(printable(name), printable(name), "the pattern matches no file")
            for match in matches:
                yield from _expand_path(match, walked, warn)
        else:
            error = ArticleError("no such file or folder", expected=READABLE)
            yield Failure(stem_of(name), printable(name), error.one_line())


#: How many kinds of files passed over are named.
_SUFFIXES_TOLD = 5
#: What to do with files that people have and that are not read.
_HINTS = {
    ".json": ARRAY_HINT,
    **dict.fromkeys((".docx", ".doc", ".odt", ".rtf", ".pdf"), "save it as plain text (.txt)"),
    **dict.fromkeys((".zip", ".tar", ".tgz", ".7z", ".bz2", ".xz"), "unpack it, and name the folder"),
    **dict.fromkeys((".xlsx", ".xls", ".ods"), "save it as CSV UTF-8 (.csv)"),
}


def _matches(pattern: str) -> list[str]:
    """What a pattern matches, by name; `**` matches a folder and what is in it, which is read with the folder."""
    found = sorted(glob.glob(pattern, recursive=True))
    folders = {Path(name) for name in found if os.path.isdir(name)}
    return [name for name in found if folders.isdisjoint(Path(name).parents)] if folders else found


def _expand_path(name: str, walked: set[tuple[int, int]], warn: Warn | None) -> Iterator[Source | Failure]:
    path = Path(name)
    kind = kind_of(name)
    if path.is_dir():
        others: Counter[str] = Counter()
        yield from _walk(name, walked, others)
        if others and warn is not None:
            found = ", ".join(
                f"{suffix or 'without a suffix'} {n:,}" for suffix, n in others.most_common(_SUFFIXES_TOLD)
            )
            n_files = "1 file" if others.total() == 1 else f"{others.total():,} files"
            warn(f"{printable(name)}: passed over {n_files} of other kinds ({found})")
    elif path.is_fifo():
        yield Source(path, kind or "stream", printable(name), stem_of(name))
    elif kind is None:
        hint = _HINTS.get(os.path.splitext(_unpacked(name))[1].lower(), "plain text ends in .txt; convert other kinds")
        error = ArticleError("of an unknown kind", expected=READABLE, hint=hint)
        yield Failure(stem_of(name), printable(name), error.one_line())
    else:
        yield Source(path, kind, printable(name), stem_of(name))


def _walk(folder: str, walked: set[tuple[int, int]], others: Counter[str]) -> Iterator[Source | Failure]:
    """Files of a folder and the folders in it, by name; links are followed once. `others` counts those passed over."""
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        try:
            status = os.stat(here)
            if (status.st_dev, status.st_ino) in walked:
                yield Failure(stem_of(here), printable(here), "folder read before: a link back, or named twice")
                continue
            walked.add((status.st_dev, status.st_ino))
            with os.scandir(here) as entries:
                names = sorted(entry.name for entry in entries if not entry.name.startswith("."))
        except OSError as error:
            yield Failure(stem_of(here), printable(here), reason_of(error))
            continue
        paths = [os.path.join(here, name) for name in names]
        for path in paths:
            kind = kind_of(path)
            if os.path.isdir(path):
                continue
            if kind is None:
                others[printable(os.path.splitext(_unpacked(path))[1].lower())] += 1
                continue
            if _may_block(path):
                special = ArticleError("no regular file", expected="files", hint="name a pipe itself to read it")
                yield Failure(stem_of(path), printable(path), special.one_line())
            else:
                yield Source(Path(path), kind, printable(path), stem_of(path))
        waiting += [path for path in reversed(paths) if os.path.isdir(path)]


def _may_block(path: str) -> bool:
    """Whether it is a pipe, a socket or a device, which may be waited for for ever; what is gone its reader tells."""
    try:
        return not stat.S_ISREG(os.stat(path).st_mode)
    except OSError:
        return False


def kind_of(name: str) -> str | None:
    """The kind that a file's suffixes tell, or None."""
    return KINDS.get(os.path.splitext(_unpacked(name))[1].lower())


def stem_of(name: str) -> str:
    """File name without folder, known suffix and .gz or .zst."""
    base = os.path.basename(_unpacked(name).rstrip("/"))
    stem, suffix = os.path.splitext(base)
    return printable(stem if suffix.lower() in KINDS else base)


def _unpacked(name: str) -> str:
    stem, suffix = os.path.splitext(name)
    return stem if suffix.lower() in PACKED else name


def printable(name: str) -> str:
    """The name with bytes that are no UTF-8 replaced, so that it can be written into rows and messages."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def reason_of(error: OSError) -> str:
    """What the system said, without the path that `where` holds anyway."""
    if isinstance(error, FileNotFoundError):
        return "the file is gone, or a link to nothing"
    told = error.strerror if error.strerror else f"{type(error).__name__}: {error}"
    return " ".join(told.split())
