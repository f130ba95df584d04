"""The text of a web page, decoded as browsers decode it: a guess from the bytes would take £ for Ł and lose quotes."""

from __future__ import annotations

import codecs
import re

from ..errors import ArticleError
from .streams import MARKS, looks_binary

#: Where a page declares its encoding, among its first bytes.
_HEAD_BYTES = 4096
_DECLARED = re.compile(
    rb"<meta\b[^>]{0,300}?\bcharset\s*=\s*[\"']?\s*([\w.:-]{2,40})|<\?xml\b[^>]{0,100}?\bencoding\s*=\s*[\"']([\w.:-]{2,40})",
    re.IGNORECASE,
)
#: What a page without a declaration is in, if it is not UTF-8.
_DEFAULT = "cp1252"
#: Encodings that the web names more narrowly than its pages are written: Latin-1 with curly quotes is Windows-1252.
_WIDER = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
}
#: Whatever else Python can decode (idna, punycode, unicode_escape) no page is written in.
_OF_THE_WEB = re.compile(
    r"utf-8|cp125\d|cp866|cp874|cp932|cp949|iso8859-\d+|koi8-[ru]|mac-roman|mac-cyrillic|gb18030|big5|euc_jp|iso2022_jp"
)


def decode_page(page: bytes, declared: str | None = None) -> str:
    """The text of a page, whatever is broken in it replaced.

    In this order: a byte-order mark; UTF-8, if all of it is UTF-8; what the server or else the page declares;
    Windows-1252. A page that is UTF-8 but for some broken characters is read as that.

    Args:
        page: its bytes.
        declared: the encoding that the server named.

    Raises:
        ArticleError: the bytes are no text.
    """
    for mark, encoding in MARKS:
        if page.startswith(mark):
            return page.decode(encoding, "replace")
    if looks_binary(page):
        raise ArticleError("binary data, no web page", found=f"it begins with {page[:8]!r}")
    try:
        return page.decode("utf-8")
    except UnicodeDecodeError:
        pass
    named = _known(declared) or _known(_declared_in(page)) or "utf-8"
    if named == "utf-8":
        text = page.decode("utf-8", "replace")
        n_broken = text.count("\ufffd")
        n_whole = sum(not char.isascii() for char in text) - n_broken
        if n_whole > n_broken:
            return text
        named = _DEFAULT
    return page.decode(named, "replace")


def _declared_in(page: bytes) -> str | None:
    found = _DECLARED.search(page[:_HEAD_BYTES])
    return None if found is None else (found[1] or found[2]).decode("ascii", "ignore")


def _known(label: str | None) -> str | None:
    """The encoding that a declaration means; None if it names none that pages are written in."""
    try:
        name = codecs.lookup((label or "").strip("\"' ")).name
    except (LookupError, ValueError):
        return None
    name = _WIDER.get(name, name)
    return name if _OF_THE_WEB.fullmatch(name) else None
