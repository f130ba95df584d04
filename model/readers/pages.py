"""Articles from web pages: HTML files and the responses in WARC archives, one extractor for both.

Nothing is fetched, no script runs, no entity is resolved: the parser sees the bytes at hand and nothing else.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from typing import Any, BinaryIO, cast

from ..errors import ArticleError
from ..records import Article
from .settings import PAGE_FACTOR, Failure, ReadSettings, Warn
from .sources import Source
from .streams import open_source, read_bounded, too_long

_CRAWL_HINT = 'pip install "sayso[crawl]"'
#: The extractor keeps what it saw in caches that grow with the number of pages.
_PAGES_PER_CACHE = 1000
_HTML_TYPES = ("text/html", "application/xhtml+xml")


def read_page(source: Source, settings: ReadSettings, warn: Warn) -> Iterator[Article | Failure]:
    """The article of one HTML file."""
    with open_source(source, settings) as stream:
        page = read_bounded(stream, PAGE_FACTOR * settings.max_article_chars)
    yield Extractor(settings).article(page, source.stem, None)


def read_warc(source: Source, settings: ReadSettings, warn: Warn) -> Iterator[Article | Failure]:
    """The articles of a WARC archive's HTML responses; other records and other status codes are passed over."""
    extractor = Extractor(settings)
    n_pages = 0
    with open_source(source, settings) as stream:
        for number, url, page in _warc_pages(cast("BinaryIO", stream), PAGE_FACTOR * settings.max_article_chars):
            n_pages += 1
            where = f"{source.name}: record {number}"
            try:
                if isinstance(page, ArticleError):
                    raise page
                yield extractor.article(page, url, url)
            except ArticleError as error:
                yield Failure(url, where, error.one_line())
    if n_pages == 0:
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
            found = self._trafilatura.bare_extraction(page, url=url, with_metadata=True, include_comments=False)
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


def _warc_pages(stream: BinaryIO, max_bytes: int) -> Iterator[tuple[int, str, bytes | ArticleError]]:
    """Number, address and content of each HTML response.

    Raises:
        ArticleError: the archive is broken or cut off.
    """
    try:
        from fastwarc.warc import ArchiveIterator, WarcRecordType
    except ImportError:
        raise ArticleError("WARC archives need the package fastwarc", hint=_CRAWL_HINT) from None
    records = iter(ArchiveIterator(stream, record_types=WarcRecordType.response, auto_decode="content"))
    number = -1
    while True:
        try:
            record = next(records, None)
            if record is None:
                return
            number += 1
            http = record.http_headers
            if http is None or http.status_code != 200 or record.http_content_type not in _HTML_TYPES:
                continue
            url = record.headers.get("WARC-Target-URI") or record.record_id or f"record {number}"
            page = record.reader.read(max_bytes + 1)
        except (OSError, ValueError) as error:
            raise ArticleError("the archive is broken or cut off", found=f"after record {number}: {error}") from None
        yield number, url, too_long(f"a page of more than {max_bytes:,} bytes") if len(page) > max_bytes else page
