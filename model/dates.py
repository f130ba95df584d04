"""Months and years, cut from ISO dates: strata of a sample, groups of a report."""

from __future__ import annotations

from .errors import RowError

#: Name of a part to how many characters of an ISO date it is.
DATE_PARTS = {"year": 4, "month": 7}
_DAY = r"-(?:0[1-9]|[12][0-9]|3[01])(?:[T ][0-9].*)?"
_MONTH = rf"-(?:0[1-9]|1[0-2])(?:{_DAY})?"
#: What a date must match for the part to be cut from it, in Python and in polars.
DATE_PATTERNS = {"year": rf"^[0-9]{{4}}(?:{_MONTH})?$", "month": rf"^[0-9]{{4}}{_MONTH}$"}


def no_date(part: str, date: str, article: str, sentence: int) -> RowError:
    """The error for a row of whose date no month or year can be cut.

    Args:
        part: a key of DATE_PARTS.
        date: what stands in the row.
        article: the row's.
        sentence: the row's.
    """
    return RowError(
        f"no {part} can be told from column 'date' in sentence {sentence} of article {article!r}",
        expected="an ISO date, such as 2023-05-31",
        found=repr(date),
        hint=f"write dates as YYYY-MM-DD, or give the rows a column {part!r} of your own",
    )
