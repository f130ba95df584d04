"""Sentences of an article with exact character offsets: paragraphs first, then the sentences of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from .boilerplate import boilerplate_kinds
from .cuts import sentence_starts
from .paragraphs import paragraph_spans
from .quotation import fill_spans, find_quotations, quotation_state
from .records import Sentence

__all__ = ["Segmentation", "Sentence", "quotation_state", "segment"]


@dataclass(frozen=True, slots=True)
class Segmentation:
    """The sentences of an article.

    Attributes:
        sentences: all of them in order, boilerplate included, numbered from 0 through the article. Every character
            of the article that is not white space belongs to exactly one.
        boilerplate: numbers of the sentences that are no text of the article, second copies of its headline included.
        kinds: sentence number to kind of boilerplate (see `model/boilerplate.KINDS`).
    """

    sentences: tuple[Sentence, ...]
    boilerplate: frozenset[int]
    kinds: Mapping[int, str] = field(default_factory=dict)

    @property
    def kept(self) -> tuple[Sentence, ...]:
        """The sentences that are text of the article; they keep their numbers."""
        return tuple(s for s in self.sentences if s.sentence not in self.boilerplate)


def segment(text: str) -> Segmentation:
    """Cut an article into sentences, in time linear in its length.

    Args:
        text: the article as read.

    Returns:
        Sentences with `text[start:end]` exact and without white space at their ends; none for a blank text.
    """
    paragraphs = paragraph_spans(text)
    quotations = find_quotations(text, paragraphs)
    marks = quotations.marks
    sentences: list[Sentence] = []
    next_mark = 0
    for paragraph, (start, end) in enumerate(paragraphs):
        openers: set[int] = set()
        closers: set[int] = set()
        while next_mark < len(marks) and marks[next_mark].start < end:
            mark = marks[next_mark]
            (openers if mark.opens else closers).update(range(mark.start - start, mark.end - start))
            next_mark += 1
        body = text[start:end]
        cuts = [0, *sentence_starts(body, openers, closers), len(body)]
        for left, right in pairwise(cuts):
            piece = body[left:right].rstrip()
            at = start + left
            sentences.append(Sentence(paragraph, len(sentences), at, at + len(piece), piece))
    kinds = boilerplate_kinds(text, sentences, fill_spans(len(text), quotations.spans))
    return Segmentation(tuple(sentences), frozenset(kinds), kinds)
