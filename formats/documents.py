"""Rows as marked-up documents and back: what the tools that mark spans in an article have in common.

Our rows mark each sentence, with its labels and (as one JSON object) its other columns, and come back exactly. Spans
that people drew themselves become labels of the sentences that they cover.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote

import numpy as np

from ..model.errors import RowError
from ..model.records import PREDICTION_COLUMNS, LabelledSentence
from ..model.scheme import Scheme
from .base import Reading, ReadOptions, articles_of, as_json, load_json, plain_columns, row_of

#: Share of a sentence's characters, white space aside, that a span must cover to label it.
COVERED_SHARE = 0.5
#: Feature that holds a sentence's other columns as JSON.
COLUMNS = "columns"
LABELS = ("speaker", "stance")
_LONGEST_NAME = 150
_STARS = "\n\n* * *\n\n"


@dataclass(frozen=True, slots=True)
class Mark:
    """A marked span of a text.

    Attributes:
        start: offset of its first character.
        end: offset after its last one.
        features: what it is marked with: `speaker`, `stance`, `columns`, or whatever the tool's user called it.
        pieces: (start, end) of its pieces, where text between them is not marked; empty: it is all one.
    """

    start: int
    end: int
    features: Mapping[str, str]
    pieces: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """A text with its marks; `columns` are those of the article as a whole (id, outlet, date), as far as known."""

    name: str
    text: str
    marks: tuple[Mark, ...]
    columns: Mapping[str, Any] = field(default_factory=dict)


def to_documents(rows: Iterable[LabelledSentence]) -> Iterator[Document]:
    """One document for each article, with a mark for each row.

    The text is put together from the sentences, each at its place where the offsets allow; what stood between them
    (boilerplate, sentences without a row) is blank. Sentences that bring their context (`sayso sample`) stand in it,
    one after the other. The model's probabilities are left out: in these tools a person
    changes labels, and the probabilities of another label would stay behind.
    """
    for name, members in articles_of(rows):
        text, places = _put_together(members)
        marks = []
        for row in members:
            start = places[row.key]
            columns = plain_columns(row, ("text", *LABELS, *PREDICTION_COLUMNS))
            labels = {head: value for head, value in zip(LABELS, (row.speaker, row.stance), strict=True) if value}
            marks.append(Mark(start, start + len(row.text), {**labels, COLUMNS: as_json(columns)}))
        yield Document(name, text, tuple(marks))


def _put_together(rows: Sequence[LabelledSentence]) -> tuple[str, dict[tuple[str, int], int]]:
    """The article's text, and where in it each sentence starts.

    Raises:
        RowError: two rows of one sentence have different texts.
    """
    sentences: list[LabelledSentence] = []
    for row in rows:
        if sentences and sentences[-1].sentence == row.sentence:
            if sentences[-1].text != row.text:
                raise RowError(f"sentence {row.sentence} of article {row.article!r} stands there with two texts")
            continue
        sentences.append(row)
    if any(row.extra.get("before") or row.extra.get("after") for row in sentences):
        return _in_context(sentences)
    ends = [0, *(row.end for row in sentences)]
    fit = all(
        row.start >= end and row.end - row.start == len(row.text) for row, end in zip(sentences, ends, strict=False)
    )
    text, places, paragraph = "", {}, 0
    for row in sentences:
        gap = row.start - len(text) if fit else 2 * (row.paragraph != paragraph) or int(bool(text))
        text += ("\n" if row.paragraph != paragraph else " ") * gap
        places[row.key] = len(text)
        text += row.text
        paragraph = row.paragraph
    return text, places


def _in_context(sentences: Sequence[LabelledSentence]) -> tuple[str, dict[tuple[str, int], int]]:
    """Each sentence with its context around it, a line of stars between them."""
    text, places = "", {}
    for row in sentences:
        text += (_STARS if text else "") + str(row.extra.get("before", "") or "")
        text += "\n" if text and not text[-1].isspace() else ""
        places[row.key] = len(text)
        text += row.text + "\n" + str(row.extra.get("after", "") or "")
    return text, places


def file_stem(article: str) -> str:
    """A file name for an article that every system can hold and `article_id` turns back.

    Raises:
        RowError: the id is too long for one.
    """
    stem = quote(article, safe=" ,;=+@()[]&'!").replace("~", "%7E")
    if stem.startswith("."):
        stem = "%2E" + stem[1:]
    if len(stem) > _LONGEST_NAME:
        raise RowError(f"the id of article {article[:60]!r}... is too long to name a file", hint="use shorter ids")
    return stem


def article_id(stem: str) -> str:
    """The article that a file name stands for."""
    return unquote(stem)


def from_documents(documents: Iterable[Document], options: ReadOptions) -> Reading:
    """Rows of marked documents.

    Marks with the feature `columns` are rows that we wrote. In a document without any, people marked spans of their
    own: it is cut into sentences, and each takes the labels of the marks that cover at least half of it.

    Raises:
        RowError: a mark's columns are no JSON object, or lie outside the text.
    """
    rows: list[LabelledSentence] = []
    cut, unknown = 0, Counter[str]()
    for document in documents:
        own = [mark for mark in document.marks if COLUMNS in mark.features]
        for mark in own:
            rows.append(_own_row(document, mark, len(rows)))
        if not own:
            rows += cover(document, options, unknown)
            cut += 1
    notes = [f"{cut} texts cut into sentences, labelled by the spans that cover half of them or more"] if cut else []
    if unknown:
        found = ", ".join(f"{value} ({n})" for value, n in unknown.most_common(10))
        notes.append(f"spans that name no label: {found}" + ("" if options.scheme else "; a --scheme would tell"))
    return Reading(tuple(rows), tuple(notes))


def _own_row(document: Document, mark: Mark, number: int) -> LabelledSentence:
    where = f"{document.name}, characters {mark.start} to {mark.end}"
    columns = load_json(mark.features[COLUMNS], where)
    if not isinstance(columns, dict):
        raise RowError(f"{where}: the feature {COLUMNS!r} is no JSON object", found=mark.features[COLUMNS][:80])
    labels = {head: mark.features.get(head, "") for head in LABELS}
    return row_of({**columns, "text": document.text[mark.start : mark.end], **labels}, where, number)


def cover(document: Document, options: ReadOptions, unknown: Counter[str]) -> list[LabelledSentence]:
    """Sentences of a text with the labels of the spans that cover them; "" where none does.

    Args:
        document: a text with marks that people drew.
        options: the scheme whose labels the marks may name without saying which head they are of, and the names that
            the features have.
        unknown: counts what the marks said that is no label.
    """
    from ..model.sentences import segment

    spans = _labelled_spans(document, options, unknown)
    solid = np.fromiter((not c.isspace() for c in document.text), bool, len(document.text))
    segmentation = segment(document.text)
    rows = []
    for sentence in segmentation.kept:
        needed = COVERED_SHARE * solid[sentence.start : sentence.end].sum()
        labels = {}
        for head in LABELS:
            covered: Counter[str] = Counter()
            for start, end, label in spans[head]:
                covered[label] += int(solid[max(start, sentence.start) : min(end, sentence.end)].sum())
            best = covered.most_common(1)
            labels[head] = best[0][0] if best and best[0][1] >= needed else ""
        rows.append(
            LabelledSentence(
                article=str(document.columns.get("article", document.name)),
                paragraph=sentence.paragraph,
                sentence=sentence.sentence,
                start=sentence.start,
                end=sentence.end,
                text=sentence.text,
                speaker=labels["speaker"],
                stance=labels["stance"],
                outlet=_text(document.columns.get("outlet")),
                date=_text(document.columns.get("date")),
                extra={k: v for k, v in document.columns.items() if k not in {"article", "outlet", "date"}},
            )
        )
    return rows


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _labelled_spans(
    document: Document, options: ReadOptions, unknown: Counter[str]
) -> dict[str, list[tuple[int, int, str]]]:
    """(start, end, label) of the document's marks, by head."""
    spans: dict[str, list[tuple[int, int, str]]] = {head: [] for head in LABELS}
    for mark in document.marks:
        if not 0 <= mark.start < mark.end <= len(document.text):
            raise RowError(
                f"{document.name}: a span lies outside the text",
                expected=f"0 to {len(document.text)}",
                found=f"{mark.start} to {mark.end}",
            )
        named = dict(mark.features)
        pieces = mark.pieces or ((mark.start, mark.end),)
        for head in LABELS:
            value = named.pop(options.columns.get(head, head), None)
            if value is not None:
                spans[head] += [(start, end, value) for start, end in pieces]
        for value in named.values():
            found = head_of(value, options.scheme)
            if found is None:
                unknown[value] += 1
            else:
                spans[found[0]] += [(start, end, found[1]) for start, end in pieces]
    return spans


def head_of(value: str, scheme: Scheme | None) -> tuple[str, str] | None:
    """(head, label) of a label that does not say which head it is of: `speaker:ID`, or an id or name of the scheme."""
    head, colon, label = value.partition(":")
    if colon and head in LABELS:
        return head, label.strip()
    if scheme is None:
        return None
    for head, members in (("speaker", scheme.speakers), ("stance", scheme.stances)):
        for member in members:
            if value.strip().casefold() in {member.id, member.name.casefold()}:
                return head, member.id
    return None
