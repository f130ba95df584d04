"""Articles from web pages: HTML files and the responses in WARC archives, one extractor for both.

Nothing is fetched, no script runs, no entity is resolved: the parser sees the bytes at hand and nothing else.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from typing import Any

from ..errors import ArticleError
from ..records import Article
from .charsets import decode_page
from .responses import CRAWL_HINT, warc_responses
from .settings import PAGE_FACTOR, Failure, ReadSettings, Warn
from .sources import Source
from .streams import open_source, read_bounded, too_long

#: The extractor keeps what it saw in caches that grow with the number of pages.
_PAGES_PER_CACHE = 1000
#: The day of publication as the page declares it, not one guessed from its text.
_DATE_SEARCH = {"original_date": True, "extensive_search": False}

#: The headline stands in one of the first lines of what was extracted, if anywhere; of a short page, under its menu.
_TOP_LINES, _MENU_WORDS = 3, 3


def read_page(source: Source, settings: ReadSettings, warn: Warn) -> Iterator[Article | Failure]:
    """The article of one HTML file."""
    with open_source(source, settings) as stream:
        page = read_bounded(stream, PAGE_FACTOR * settings.max_article_chars)
    yield Extractor(settings).article(page, source.stem)


def read_warc(source: Source, settings: ReadSettings, warn: Warn) -> Iterator[Article | Failure]:
    """The articles of a WARC archive's HTML responses; other records and other status codes are passed over."""
    extractor = Extractor(settings)
    empty = True
    with open_source(source, settings) as stream:
        for response in warc_responses(stream, PAGE_FACTOR * settings.max_article_chars):
            empty = False
            try:
                if isinstance(response.page, ArticleError):
                    raise response.page
                yield extractor.article(response.page, response.url, url=response.url, charset=response.charset)
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
            raise ArticleError(f"HTML needs the package {error.name}", hint=CRAWL_HINT) from None
        for name in ("trafilatura", "htmldate", "courlan"):
            logging.getLogger(name).setLevel(logging.CRITICAL)  # what fails is said in our own words
        self._trafilatura: Any = trafilatura
        self._max_chars = settings.max_article_chars
        self._n_pages = 0

    def article(self, page: bytes, article_id: str, *, url: str | None = None, charset: str | None = None) -> Article:
        """The article of a page: its headline first, then its paragraphs, one a line.

        Args:
            page: the bytes of the page.
            article_id: its id.
            url: where it came from; None to take the address that the page declares.
            charset: the encoding that its server named.

        Raises:
            ArticleError: there is no article in it, or a longer one than allowed.
        """
        if not page.strip():
            raise ArticleError("empty")
        self._n_pages += 1
        if self._n_pages % _PAGES_PER_CACHE == 0:
            self._trafilatura.meta.reset_caches()
        html = decode_page(page, charset)
        try:
            found = self._trafilatura.bare_extraction(
                html,
                url=url,
                with_metadata=True,
                include_comments=False,
                date_extraction_params=_DATE_SEARCH,
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
    """The body under its headline, unless one of its first lines holds it: then without the page's menu before that."""
    if title is None or not title.strip():
        return body
    headline = _words(title)
    lines = body.split("\n")
    for number, line in enumerate(lines[:_TOP_LINES]):
        words = _words(line)
        if words and (headline.startswith(words) or words.startswith(headline)):
            has_menu = all(len(before.split()) <= _MENU_WORDS for before in lines[:number])
            return "\n".join(lines[number:]) if has_menu else body
    return f"{title.strip()}\n{body}"


def _words(line: str) -> str:
    return " ".join(re.findall(r"\w+", line.casefold()))
