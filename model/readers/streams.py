"""Bytes of a file: unpacked within bounds, decoded, cut into lines."""

from __future__ import annotations

import codecs
import io
import os
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any, BinaryIO, cast

from ..errors import ArticleError
from .settings import ReadSettings, Warn
from .sources import Source

_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_FREE_BYTES = 64 * 1024 * 1024
_CHUNK = 1 << 16
#: Byte-order marks and what they mark.
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
#: Bytes below 0x20 that text does not hold; more than one in 200 of them is no text.
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1b"))
_CONTROL_SHARE = 0.005


class _Frames(io.RawIOBase):
    """Unpacked bytes of gzip members or Zstandard frames, one after the other.

    It gives out all that can be unpacked before it says that the data is broken, cut off, or grows too much, so that
    the rows before that point are not lost. (The libraries' own stream readers lose them, or say nothing.)
    """

    #: Four bytes of Zstandard may unpack to 128 KB, so a small bite bounds what one step can return (to 32 MB).
    _BITE = 1024

    def __init__(self, packed: BinaryIO, new_frame: Callable[[], Any], errors: type[Exception], limit: float) -> None:
        self._packed = packed
        self._new_frame = new_frame
        self._errors = errors
        self._limit = limit
        self._frame: Any = None
        self._input = b""
        self._output = memoryview(b"")
        self._n_in = self._n_out = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._output:
            if not self._input:
                self._input = self._packed.read(self._BITE)
                self._n_in += len(self._input)
            if not self._input:
                if self._frame is not None:
                    raise _broken("it has no end")
                return 0
            try:
                self._step()
            except self._errors as error:
                raise _broken(str(error)) from None
        data, self._output = self._output[: len(buffer)], self._output[len(buffer) :]
        buffer[: len(data)] = data
        return len(data)

    def _step(self) -> None:
        if self._frame is None:
            self._input = self._input.lstrip(b"\0")  # gzip files may be padded with zeros
            if not self._input:
                return
            self._frame = self._new_frame()
        output = self._frame.decompress(self._input)
        self._input = b""
        if self._frame.eof:
            self._input = self._frame.unused_data
            self._frame = None
        self._output = memoryview(output)
        self._n_out += len(output)
        if self._n_out > _FREE_BYTES and self._n_out > self._limit * self._n_in:
            raise ArticleError(
                "the compressed file expands too much",
                expected=f"at most {self._limit:g} times its size",
                found=f"{self._n_out:,} bytes out of {self._n_in:,} so far",
                hint="if the file is to be trusted, raise --max-expansion",
            )


def _broken(found: str) -> ArticleError:
    return ArticleError("the compressed data is broken or cut off", found=found)


@contextmanager
def open_source(source: Source, settings: ReadSettings) -> Iterator[io.BufferedReader]:
    """The source's bytes, unpacked if they are gzip or Zstandard, whatever the file is called.

    Raises:
        ArticleError: Zstandard support is missing, or standard input is closed; while reading: the data is broken, cut
            off, or grows too much.
        OSError: the file cannot be opened or read.
    """
    if source.path is None:
        if sys.stdin is None:  # as a service or `<&-` starts it
            raise ArticleError("standard input is closed")
        yield unpacked(cast("io.BufferedReader", sys.stdin.buffer), settings)
        return
    with source.path.open("rb") as file, source.meter.follow(os.fstat(file.fileno()).st_size, _teller(file)):
        yield unpacked(file, settings)


def _teller(file: io.BufferedReader) -> Callable[[], float]:
    """Where reading stands; pipes do not know."""
    return file.tell if file.seekable() else int


def unpacked(file: io.BufferedReader, settings: ReadSettings) -> io.BufferedReader:
    """The stream itself, or its content if it is compressed."""
    start = file.peek(4)[:4]
    if start[:2] == _GZIP:
        frames = _Frames(file, lambda: zlib.decompressobj(wbits=31), zlib.error, settings.max_expansion)
    elif start == _ZSTD:
        zstandard = _zstandard()
        unpacker = zstandard.ZstdDecompressor()
        frames = _Frames(file, unpacker.decompressobj, zstandard.ZstdError, settings.max_expansion)
    else:
        return file
    return io.BufferedReader(frames, _CHUNK)


def _zstandard() -> Any:
    try:
        import zstandard
    except ImportError:
        raise ArticleError("Zstandard files need the package zstandard", hint='pip install "sayso[crawl]"') from None
    return zstandard


class _PutBack(io.RawIOBase):
    """Bytes that were read already, and then the stream they came from."""

    def __init__(self, head: bytes, stream: BinaryIO) -> None:
        self._head = memoryview(head)
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._head[: len(buffer)] if self._head else self._stream.read(len(buffer))
        self._head = self._head[len(data) :]
        buffer[: len(data)] = data
        return len(data)


def put_back(head: bytes, stream: BinaryIO) -> io.BufferedReader:
    """The stream with bytes that were read from it in front again."""
    return io.BufferedReader(_PutBack(head, stream), _CHUNK)


def read_bounded(stream: BinaryIO, max_bytes: int) -> bytes:
    """All of a stream, if it holds at most `max_bytes`.

    Raises:
        ArticleError: it holds more.
    """
    data = stream.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise too_long(f"more than {max_bytes:,} bytes")
    return data


class LineTooLongError(ArticleError):
    """A line is too long; it was passed over, and the lines after it can be read."""


def too_long(found: str) -> ArticleError:
    """The error for what is longer than an article may be."""
    return ArticleError("too long for one article", found=found, hint="raise --max-article-chars, or split it")


def decode(data: bytes) -> tuple[str, str]:
    """Text of a whole file, each line break and character as it stands.

    Args:
        data: the file's bytes.

    Returns:
        The text without its byte-order mark, and a warning ("" if there is nothing to warn of): bytes that are not
        UTF-8 are read as Windows-1252, of which Latin-1 is a part.

    Raises:
        ArticleError: the bytes are no text.
    """
    for mark, encoding in MARKS:
        if data.startswith(mark):
            try:
                return data.decode(encoding), ""
            except UnicodeDecodeError as error:
                return data.decode(encoding, "replace"), f"not whole {encoding.upper()} ({error.reason}): mended"
    if looks_binary(data):
        raise ArticleError("binary data, no text", expected="text in UTF-8", found=_first_bytes(data))
    try:
        return data.decode("utf-8"), ""
    except UnicodeDecodeError as error:
        text = data.decode("cp1252" if _fits_cp1252(data) else "latin-1")
        return text, f"not UTF-8 (byte {error.start:,}): read as Windows-1252"


def marked_encoding(stream: io.BufferedReader) -> str:
    """The encoding that a stream's byte-order mark names, UTF-8 without one; nothing is taken from the stream."""
    start = stream.peek(4)[:4]
    return next((encoding for mark, encoding in MARKS if start.startswith(mark)), "utf-8")


def _fits_cp1252(data: bytes) -> bool:
    return not any(byte in data for byte in (b"\x81", b"\x8d", b"\x8f", b"\x90", b"\x9d"))


def looks_binary(data: bytes) -> bool:
    """Whether bytes without a byte-order mark hold more control characters than any text does."""
    return len(data) - len(data.translate(None, _CONTROLS)) > _CONTROL_SHARE * len(data)


def _first_bytes(data: bytes) -> str:
    if data.count(0) * 3 > len(data):
        return "many zero bytes (UTF-16 without a byte-order mark?)"
    return f"it begins with {data[:8]!r}"


class Lines:
    """Decoded lines of a stream, with their line ends; the reader of an endless line stops at its bound.

    LineTooLongError ends no iteration: the next call goes on with the next line.

    Attributes:
        number: 1-based number of the line read last.
    """

    def __init__(self, stream: io.BufferedReader, max_chars: int, warn: Warn) -> None:
        self.number = 0
        self._warn = warn
        self._warned = False
        self._max_chars = max_chars
        encoding = marked_encoding(stream)
        self._stream: IO[Any] = stream
        if encoding in {"utf-16", "utf-32"}:
            self._stream = io.TextIOWrapper(stream, encoding, errors="replace", newline="\n")
        elif encoding == "utf-8-sig":
            stream.read(len(codecs.BOM_UTF8))

    def __iter__(self) -> Iterator[str]:
        """Itself."""
        return self

    def __next__(self) -> str:
        """The next line.

        Raises:
            LineTooLongError: the line is longer than `max_chars`; it has been passed over.
        """
        line = self._stream.readline(self._max_chars)
        if not line:
            raise StopIteration
        self.number += 1
        newline = "\n" if isinstance(line, str) else b"\n"
        if len(line) == self._max_chars and not line.endswith(newline):
            while line and not line.endswith(newline):
                line = self._stream.readline(_CHUNK)
            raise LineTooLongError(str(too_long(f"a line of more than {self._max_chars:,} bytes")))
        return line if isinstance(line, str) else self._decoded(line)

    def _decoded(self, line: bytes) -> str:
        try:
            return line.decode("utf-8")
        except UnicodeDecodeError:
            if not self._warned:
                self._warned = True
                self._warn(f"line {self.number} and perhaps others are not UTF-8: read as Windows-1252")
            return line.decode("cp1252" if _fits_cp1252(line) else "latin-1")
