"""What a reader is told, and what it says of an article that it could not read."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from ..errors import ConfigError

#: Takes one line about something that was read, but not as it stood.
Warn = Callable[[str], None]

#: A page's markup may be this many times as long as the longest article.
PAGE_FACTOR = 10

#: What to do with a JSON file that is not JSON lines.
ARRAY_HINT = "a JSON array or spread-out JSON becomes JSON lines by: jq -c '.[]? // .' FILE.json > FILE.jsonl"

#: How the six columns are called where no option says otherwise.
_DEFAULTS = ("text", "id", "outlet", "date", "title", "url")


@dataclass(frozen=True, slots=True)
class ReadSettings:
    """Columns of table-like inputs and bounds on what is read.

    Attributes:
        text_column: column with the article's text; rows without it fail.
        id_column: column with its id; rows without one get `FILE:LINE`.
        outlet_column: column with who published it.
        date_column: column with its date.
        title_column: column with its title.
        url_column: column with its address.
        max_article_chars: longest article read, in characters; longer ones fail.
        max_expansion: a compressed file may grow by this factor; the first 64 MB are free.
    """

    text_column: str = "text"
    id_column: str = "id"
    outlet_column: str = "outlet"
    date_column: str = "date"
    title_column: str = "title"
    url_column: str = "url"
    max_article_chars: int = 2_000_000
    max_expansion: float = 200.0

    def __post_init__(self) -> None:
        columns = self.columns
        if not all(columns) or len(set(columns)) < len(columns):
            raise ConfigError(
                "columns of articles overlap",
                expected="six different column names",
                found=", ".join(map(repr, columns)),
            )
        for name in ("max_article_chars", "max_expansion"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} is too small", expected="1 or more", found=repr(getattr(self, name)))

    def for_columns(self, names: Collection[str]) -> ReadSettings:
        """The same for a table or row whose columns are called `Text` and `Date`, where no option names them.

        A name that differs in case only counts if it is the only one.

        Args:
            names: of the columns that are there.
        """
        lower = [name.casefold() for name in names]
        alone = [name for name in names if lower.count(name.casefold()) == 1]
        free = {name.casefold(): name for name in alone if name not in self.columns}
        changes: dict[str, Any] = {
            f"{ours}_column": free[ours]
            for ours, column in zip(_DEFAULTS, self.columns, strict=True)
            if column == ours and ours not in names and ours in free
        }
        return replace(self, **changes) if changes else self

    @property
    def named_columns(self) -> tuple[str, ...]:
        """Those of the mapped columns that have another name than by default: somebody expects them to be there."""
        return tuple(name for name, default in zip(self.columns, _DEFAULTS, strict=True) if name != default)

    @property
    def columns(self) -> tuple[str, ...]:
        """The six columns that are mapped, text first."""
        return (
            self.text_column,
            self.id_column,
            self.outlet_column,
            self.date_column,
            self.title_column,
            self.url_column,
        )


@dataclass(frozen=True, slots=True)
class Failure:
    """An article, a row or a whole file that could not be read.

    Attributes:
        id: the article's id, or what it would have been.
        where: file, and line, row or record where there is one.
        reason: on one line: what was wrong, what was expected, what to try.
    """

    id: str
    where: str
    reason: str


class Meter:
    """How far reading has come, in bytes of the files as they lie on disk: what a progress bar is drawn from."""

    def __init__(self) -> None:
        self._n_before = 0
        self._n_here: Callable[[], float] = int

    @contextmanager
    def follow(self, n_bytes: int, n_here: Callable[[], float]) -> Iterator[None]:
        """Count a file while the block reads it.

        Args:
            n_bytes: its size.
            n_here: tells how many of them have been read.
        """
        self._n_here = n_here
        try:
            yield
        finally:
            self._n_before += n_bytes
            self._n_here = int

    @property
    def n_bytes(self) -> int:
        """Bytes read so far."""
        return self._n_before + int(self._n_here())


def log_warning(message: str) -> None:
    """Say it in the log of the name `sayso` (on stderr, unless logging is set up otherwise)."""
    logging.getLogger("sayso").warning("%s", message)
