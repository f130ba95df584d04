"""Articles from web pages: HTML files and the responses in WARC archives, one extractor for both.

Nothing is fetched, no script runs, no entity is resolved: the parser sees the bytes at hand and nothing else.
"""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from ..errors import ArticleError
from ..records import Article
from .settings import PAGE_FACTOR, Failure, ReadSettings, Warn
from .sources import Source
from .streams import open_source, read_bounded, too_long

_CRAWL_HINT = 'pip install "sayso[crawl]"'
#: The extractor keeps what it saw in caches that grow with the number of pages.
_PAGES_PER_CACHE = 1000
#: The day of publication as the page declares it, not one guessed from its text.
_DATE_SEARCH = {"original_date": True, "extensive_search": False}
_HTML_TYPES = ("text/html", "application/xhtml+xml")
#: A WARC record ends with two line breaks.
_RECORD_END = b"\r\n\r\n"


def read_page(source: Source, settings: ReadSettings, warn: Warn) -> Iterator[Article | Failure]:
    """The article of one HTML file."""
    with open_source(source, settings) as stream:
        page = read_bounded(stream, PAGE_FACTOR * settings.max_article_chars)
    yield Extractor(settings).article(page, source.stem, None)


def read_warc(source: Source, settings: ReadSettings, warn: Warn) -> Iterator[Article | Failure]:
    """The articles of a WARC archive's HTML responses; other records and other status codes are passed over."""
    extractor = Extractor(settings)
    empty = True
    with open_source(source, settings) as stream:
        for response in _warc_responses(stream, PAGE_FACTOR * settings.max_article_chars):
            empty = False
            try:
                if isinstance(response.page, ArticleError):
                    raise response.page
                yield extractor.article(response.page, response.url, response.url)
            except ArticleError as error:
                yield Failure(response.url, f"{source.name}: response {response.number}", error.one_line())
    if empty:
        raise ArticleError("no HTML response in this archive")


class Extractor:
    """Finds the article in a page.

    Raises:
        ArticleError: the package that does it is not installed.
    """

    def __init__(self, settings: ReadSettings) -> None:
        try:
            import trafilatura
        except ImportError as error:
            raise ArticleError(f"HTML needs the package {error.name}", hint=_CRAWL_HINT) from None
        for name in ("trafilatura", "htmldate", "courlan"):
            logging.getLogger(name).setLevel(logging.CRITICAL)  # what fails is said in our own words
        self._trafilatura: Any = trafilatura
        self._max_chars = settings.max_article_chars
        self._n_pages = 0

    def article(self, page: bytes, article_id: str, url: str | None) -> Article:
        """The article of a page: its headline first, then its paragraphs, one a line.

        Args:
            page: the bytes of the page, in whatever encoding it declares.
            article_id: its id.
            url: where it came from; None to take the address that the page declares.

        Raises:
            ArticleError: there is no article in it, or a longer one than allowed.
        """
        if not page.strip():
            raise ArticleError("empty")
        self._n_pages += 1
        if self._n_pages % _PAGES_PER_CACHE == 0:
            self._trafilatura.meta.reset_caches()
        try:
            found = self._trafilatura.bare_extraction(
                page, url=url, with_metadata=True, include_comments=False, date_extraction_params=_DATE_SEARCH
            )
        except Exception as error:  # any page of the web may upset the parser; one page must not stop the batch
            raise ArticleError("the page cannot be parsed", found=f"{type(error).__name__}: {error}") from None
        if found is None or not found.text or not found.text.strip():
            raise ArticleError("no article text found in the page")
        text = _with_headline(found.title, found.text)
        if len(text) > self._max_chars:
            raise too_long(f"{len(text):,} characters")
        return Article(
            id=article_id,
            text=text,
            outlet=found.sitename or found.hostname,
            date=found.date,
            title=found.title,
            url=url if url is not None else found.url,
        )


def _with_headline(title: str | None, body: str) -> str:
    """The body under its headline, unless one of its first lines holds it already."""
    if title is None or not title.strip():
        return body
    words = " ".join(re.findall(r"\w+", title.casefold()))
    top = (" ".join(re.findall(r"\w+", line.casefold())) for line in body.split("\n", 3)[:3])
    if any(words.startswith(line) or line.startswith(words) for line in top if line):
        return body
    return f"{title.strip()}\n{body}"


@dataclass(frozen=True, slots=True)
class _Response:
    """One HTML response: its record's number, its address, and its content or why there is none."""

    number: int
    url: str
    page: bytes | ArticleError


class _Archive:
    """The part of a stream that fastwarc asks for; remembers how the archive ends."""

    def __init__(self, stream: io.BufferedReader) -> None:
        self._stream = stream
        self._n_bytes = 0
        self.end = b""

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read1(size)  # at most one step: what comes before a broken place is not lost
        self._n_bytes += len(data)
        self.end = (self.end + data[-4:])[-4:]
        return data

    def tell(self) -> int:
        return self._n_bytes


def _warc_responses(stream: io.BufferedReader, max_bytes: int) -> Iterator[_Response]:
    """HTML responses of an archive; one is held back until it is known that the archive does not break off in it.

    Raises:
        ArticleError: the archive is broken or cut off.
    """
    try:
        from fastwarc.warc import ArchiveIterator, WarcRecordType
    except ImportError:
        raise ArticleError("WARC archives need the package fastwarc", hint=_CRAWL_HINT) from None
    archive = _Archive(stream)
    held: _Response | None = None
    whole = True
    number = -1
    try:
        for record in ArchiveIterator(cast("Any", archive), record_types=WarcRecordType.response, auto_decode="all"):
            number += 1
            if held is not None:
                yield held
                held = None
            n_bytes = record.content_length
            held = _response(record, number, max_bytes)
            whole = held is not None and isinstance(held.page, bytes) and len(held.page) >= n_bytes
    except (ArticleError, OSError, ValueError) as error:
        if held is not None and whole:
            yield held
        if isinstance(error, ArticleError):
            raise
        raise ArticleError("the archive is broken", found=f"{error} (responses before it: {number + 1})") from None
    if archive.end != _RECORD_END and not whole:
        raise ArticleError("the archive is cut off", found=f"the last of {number + 1} responses has no end")
    if held is not None:
        yield held


def _response(record: Any, number: int, max_bytes: int) -> _Response | None:
    """The record as a response; None if it holds no page."""
    http = record.http_headers
    if http is None or http.status_code != 200 or record.http_content_type not in _HTML_TYPES:
        return None
    # WARC 1.0, and wget, put an address between angle brackets.
    url = (record.headers.get("WARC-Target-URI") or record.record_id or f"response {number}").strip("<>")
    try:
        page = record.reader.read(max_bytes + 1)
    except (OSError, ValueError) as error:
        return _Response(number, url, ArticleError("the response cannot be decoded", found=str(error)))
    if len(page) > max_bytes:
        return _Response(number, url, too_long(f"a page of more than {max_bytes:,} bytes"))
    return _Response(number, url, page)
