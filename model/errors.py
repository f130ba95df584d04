"""Errors that name the likely mistake: what went wrong, what was expected, what was found, what to try."""

from __future__ import annotations

from collections.abc import Sequence


class SaysoError(Exception):
    """A mistake in what sayso was given, told so that its reader can mend it.

    Args:
        problem: what went wrong, with the file (and line) where it did.
        expected: what would have been right.
        found: what was there instead.
        hint: what to try next.
    """

    def __init__(self, problem: str, *, expected: str = "", found: str = "", hint: str = "") -> None:
        self.problem = problem
        self.expected = expected
        self.found = found
        self.hint = hint
        parts = [problem]
        if expected:
            parts.append(f"  expected: {expected}")
        if found:
            parts.append(f"  found:    {found}")
        if hint:
            parts.append(f"  try:      {hint}")
        super().__init__("\n".join(parts))

    def one_line(self) -> str:
        """The same on one line, for lists of failures."""
        return "; ".join(" ".join(part.split()) for part in str(self).splitlines())


class ArticleError(SaysoError):
    """One article cannot be read or labelled; the others of its batch can."""


class SchemeError(SaysoError):
    """A speaker scheme, or a label that should be in one, is wrong."""


class RowError(SaysoError):
    """A labelled row or its file is wrong."""


class ConfigError(SaysoError):
    """A training recipe is wrong."""


class ModelFolderError(SaysoError):
    """A model folder is incomplete, changed, or of an unknown version."""


def some_of(names: Sequence[str], most: int) -> str:
    """The first `most` names, and how many more there are."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
