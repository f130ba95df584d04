"""Articles from whatever the user has: text, web pages, tables, archives, folders, globs, standard input."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from hashlib import blake2b

from .errors import ArticleError
from .readers.pages import read_page, read_warc
from .readers.rows import ROW_READERS
from .readers.settings import Failure, Meter, ReadSettings, Warn, log_warning
from .readers.sources import READABLE, Source, expand, reason_of
from .readers.texts import read_stream, read_text
from .records import Article

__all__ = ["READABLE", "Failure", "Meter", "ReadSettings", "read_articles"]

_READERS: dict[str, Callable[[Source, ReadSettings, Warn], Iterator[Article | Failure]]] = {
    "text": read_text,
    "stream": read_stream,
    "page": read_page,
    "warc": read_warc,
    **ROW_READERS,
}


def read_articles(
    inputs: Sequence[str],
    settings: ReadSettings | None = None,
    *,
    warn: Warn = log_warning,
    meter: Meter | None = None,
) -> Iterator[Article | Failure]:
    """Articles of files, folders, globs and standard input, one at a time and in a fixed order.

    Whatever cannot be read becomes a Failure that names it, and reading goes on. No two articles have the same id:
    later ones of an id get `#2`, `#3` and so on after it, with a warning.

    Args:
        inputs: paths, patterns and `-`, as `sources.expand` takes them.
        settings: columns and bounds; None for the defaults.
        warn: takes a line about an article that was read but not as it stood (another encoding, a changed id).
        meter: is told how far reading has come.

    Yields:
        Articles and failures in the order of the inputs. Memory does not grow with them but for 8 bytes' worth of
        digest an id.
    """
    chosen = ReadSettings() if settings is None else settings
    ids = _Ids(warn)
    for source in expand(inputs, warn):
        if isinstance(source, Failure):
            yield source
            continue
        metered = source if meter is None else replace(source, meter=meter)
        for outcome in _read_source(metered, chosen, warn):
            yield ids.unique(outcome, source.name) if isinstance(outcome, Article) else outcome


def _read_source(source: Source, settings: ReadSettings, warn: Warn) -> Iterator[Article | Failure]:
    """One source's articles; what stops its reading is the last of them, as a Failure."""
    try:
        yield from _READERS[source.kind](source, settings, warn)
    except ArticleError as error:
        yield Failure(source.stem, source.name, error.one_line())
    except OSError as error:
        yield Failure(source.stem, source.name, reason_of(error))


class _Ids:
    """Sees to it that no two articles have the same id."""

    def __init__(self, warn: Warn) -> None:
        self._seen: set[bytes] = set()
        self._copies: dict[str, int] = {}
        self._warn = warn

    def unique(self, article: Article, where: str) -> Article:
        """The article, under a new id if another one had its own."""
        if self._is_new(article.id):
            return article
        if article.id not in self._copies:
            self._warn(f"{where}: more than one article has the id {article.id!r}; later ones become #2, #3 ...")
        number = self._copies.get(article.id, 1) + 1
        while not self._is_new(f"{article.id}#{number}"):
            number += 1
        self._copies[article.id] = number
        return replace(article, id=f"{article.id}#{number}")

    def _is_new(self, article_id: str) -> bool:
        digest = blake2b(article_id.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        if digest in self._seen:
            return False
        self._seen.add(digest)
        return True
