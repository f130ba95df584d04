"""The HTML responses of a WARC archive, each decoded apart from it: a wrong one costs itself and no other."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from ..errors import ArticleError
from .streams import too_long

CRAWL_HINT = 'pip install "sayso[crawl]"'
_HTML_TYPES = ("text/html", "application/xhtml+xml")
#: What a response without a type must begin with to be taken for a page.
_MARKUP = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<!--.{0,1000}?-->\s*)*<(?:!doctype html|html|head|body|\?xml)\b", re.I | re.S
)
#: A WARC record ends with two line breaks.
_RECORD_END = b"\r\n\r\n"
#: Encodings of a response's content, by the names that servers give them; other names (utf-8, none) encode nothing.
_CODINGS = {"gzip": "gzip", "x-gzip": "gzip", "deflate": "deflate", "br": "br", "zstd": "zstd"}
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Response:
    """One HTML response.

    Attributes:
        number: of its record among the archive's responses, from 0.
        url: its address.
        page: its content, or why there is none.
        charset: the encoding of characters that the server named.
        whole: whether as much of it was there as the record says.
    """

    number: int
    url: str
    page: bytes | ArticleError
    charset: str | None
    whole: bool


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


def warc_responses(stream: io.BufferedReader, max_bytes: int) -> Iterator[Response]:
    """HTML responses of an archive; one is held back until it is known that the archive does not break off in it.

    Raises:
        ArticleError: the archive is broken or cut off.
    """
    try:
        from fastwarc.warc import ArchiveIterator, WarcRecordType
    except ImportError:
        raise ArticleError("WARC archives need the package fastwarc", hint=CRAWL_HINT) from None
    archive = _Archive(stream)
    held: Response | None = None
    whole = True
    number = -1
    try:
        # Neither headers nor content are decoded on the way: what is wrong in one response would end the archive.
        for record in ArchiveIterator(
            cast("Any", archive), record_types=WarcRecordType.response, parse_http=False, auto_decode="none"
        ):
            number += 1
            if held is not None:
                yield held
                held = None
            held = _response(record, number, max_bytes)
            whole = held is not None and held.whole
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


def _response(record: Any, number: int, max_bytes: int) -> Response | None:
    """The record as a response; None if it holds no page."""
    # WARC 1.0, and wget, put an address between angle brackets.
    url = (record.headers.get("WARC-Target-URI") or record.record_id or f"response {number}").strip("<>")
    try:
        record.parse_http(auto_decode="none")
    except (OSError, ValueError) as error:
        return Response(number, url, ArticleError("its HTTP header cannot be read", found=str(error)), None, False)
    http = record.http_headers
    if http is None:
        return None
    if http.status_code is None:
        return Response(number, url, ArticleError("its HTTP header cannot be read", found="no status"), None, False)
    kind = (record.http_content_type or "").strip().lower()
    if http.status_code != 200 or kind not in ("", *_HTML_TYPES):
        return None
    n_bytes = record.content_length
    body = record.reader.read(max_bytes + 1)
    whole = len(body) >= n_bytes
    page: bytes | ArticleError
    try:
        page = (
            too_long(f"a page of more than {max_bytes:,} bytes")
            if len(body) > max_bytes
            else _decoded(http, body, max_bytes)
        )
    except ArticleError as error:
        page = error
    if not kind and isinstance(page, bytes) and not _MARKUP.match(page):
        return None
    return Response(number, url, page, record.http_charset, whole)


def _decoded(http: Any, body: bytes, max_bytes: int) -> bytes:
    """The content of a response, out of its chunks and unpacked.

    Raises:
        ArticleError: it cannot be unpacked, or grows beyond the bound.
    """
    named = [name.strip().lower() for name in (http.get("Content-Encoding") or "").split(",")]
    codings = [_CODINGS[name] for name in named if name in _CODINGS]
    if not codings and body.startswith(_GZIP):
        codings = ["gzip"]
    chunked = "chunked" in (http.get("Transfer-Encoding") or "").lower()
    if not body or not (codings or chunked):
        return body
    try:
        page = _unpacked(body, codings, chunked, max_bytes)
    except (OSError, ValueError) as error:
        # Many crawlers unpack what they store and leave the header that says it is packed.
        if _MARKUP.match(body):
            return body
        found = " ".join(str(error).split())[:100]
        raise ArticleError("the response cannot be decoded", found=found) from None
    if len(page) > max_bytes:
        raise too_long(f"a page of more than {max_bytes:,} bytes")
    return page


def _unpacked(body: bytes, codings: list[str], chunked: bool, max_bytes: int) -> bytes:
    """At most `max_bytes` and one more, unpacked by the archive's reader from an archive of this one response."""
    from fastwarc.warc import ArchiveIterator

    headers = ["HTTP/1.1 200 OK"]
    headers += [f"Content-Encoding: {', '.join(codings)}"] if codings else []
    headers += ["Transfer-Encoding: chunked"] if chunked else []
    response = "\r\n".join([*headers, "", ""]).encode("ascii") + body
    record = (
        "WARC/1.0\r\nWARC-Type: response\r\nContent-Type: application/http; msgtype=response\r\n"
        f"Content-Length: {len(response)}\r\n\r\n"
    )
    alone = io.BytesIO(record.encode("ascii") + response + _RECORD_END)
    content: bytes = next(iter(ArchiveIterator(cast("Any", alone), auto_decode="all"))).reader.read(max_bytes + 1)
    return content
