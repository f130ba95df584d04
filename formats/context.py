"""What stands around a sentence in its article, for people who label it."""

from __future__ import annotations

from collections.abc import Sequence

from ..model.records import LabelledSentence

#: Sentences shown before and after: the codebook reads a sentence with what stands before it, and a quotation's
#: speaker is often named right after it.
N_BEFORE, N_AFTER = 4, 2


def around(row: LabelledSentence, article: Sequence[LabelledSentence]) -> tuple[str, str]:
    """The text before and after a sentence, paragraphs parted by blank lines.

    A row that brings its own context (columns `before` and `after`, as `sayso sample` writes them) keeps it.

    Args:
        row: the sentence.
        article: rows of its article in order of their sentences; it may be among them.
    """
    if "before" in row.extra or "after" in row.extra:
        return str(row.extra.get("before", "") or ""), str(row.extra.get("after", "") or "")
    before = [other for other in article if row.sentence - N_BEFORE <= other.sentence < row.sentence]
    after = [other for other in article if row.sentence < other.sentence <= row.sentence + N_AFTER]
    return _joined(before), _joined(after)


def _joined(rows: Sequence[LabelledSentence]) -> str:
    text = ""
    for previous, row in zip((None, *rows), rows, strict=False):
        if previous is not None:
            text += "\n\n" if row.paragraph != previous.paragraph else " "
        text += row.text
    return text
