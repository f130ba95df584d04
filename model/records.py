"""Articles, sentences and labelled sentences: one frozen record each, and their row form.

A row is a flat mapping of column to value, the same in JSONL, CSV and Parquet (`model/rowfiles` reads and writes
them). Columns that sayso does not know ride along in `extra`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .errors import RowError

#: Id of the article that a bare row becomes; see `from_row`.
_BARE_ID = re.compile(r"row-\d{6,}")


def is_bare_id(article: str) -> bool:
    """Whether this is the id that a bare `text,speaker,stance` row gets from its number in its file."""
    return _BARE_ID.fullmatch(article) is not None


@dataclass(frozen=True, slots=True)
class Article:
    """One news article, with its text exactly as read: every offset counts characters of this text."""

    id: str
    text: str
    outlet: str | None = None
    date: str | None = None
    title: str | None = None
    url: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def own_columns(self) -> dict[str, Any]:
        """What its rows carry besides what sayso fills in: its title and address, where they are known, and `extra`."""
        known = {"title": self.title, "url": self.url}
        return {**{column: value for column, value in known.items() if value is not None}, **self.extra}


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of an article: `text == article.text[start:end]`, numbers are 0-based."""

    paragraph: int
    sentence: int
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """A span that the model read a label from.

    Attributes:
        kind: `source`, `cue` or `content`.
        start: character offset into the article's text.
        end: offset after the last character.
        text: `article.text[start:end]`.
        p: mean probability of its tokens, 0 to 1.
    """

    kind: str
    start: int
    end: int
    text: str
    p: float


@dataclass(frozen=True, slots=True)
class LabelledSentence:
    """A sentence with its two labels; gold rows have no probabilities.

    Attributes:
        article: id of its article.
        paragraph: 0-based paragraph number in the article.
        sentence: 0-based sentence number in the article.
        start: character offset into the article's text.
        end: offset after the last character.
        text: the sentence.
        speaker: speaker id of the scheme.
        stance: stance id of the scheme.
        outlet: who published the article, if known.
        date: ISO date of the article, if known.
        speaker_p: calibrated probability of `speaker`, 0 to 1; None in gold rows.
        stance_p: calibrated probability of `stance`, 0 to 1; None in gold rows.
        probabilities: `{"speaker": {id: p}, "stance": {id: p}}`; None in gold rows.
        evidence: spans of source, cue and content, by position; None in gold rows.
        extra: columns that sayso does not know.
    """

    article: str
    paragraph: int
    sentence: int
    start: int
    end: int
    text: str
    speaker: str
    stance: str
    outlet: str | None = None
    date: str | None = None
    speaker_p: float | None = None
    stance_p: float | None = None
    probabilities: Mapping[str, Mapping[str, float]] | None = None
    evidence: tuple[Evidence, ...] | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, int]:
        """(article, sentence): what a row is known by, from the first stage to the last."""
        return self.article, self.sentence

    @property
    def is_labelled(self) -> bool:
        """Whether it has both labels; sentences that wait for a person to label them have none ("")."""
        return bool(self.speaker and self.stance)

    @property
    def is_alone(self) -> bool:
        """Whether it was read from a bare `text,speaker,stance` row, and is an article by itself."""
        return is_bare_id(self.article)

    @property
    def is_prediction(self) -> bool:
        """Whether it holds a model's probabilities."""
        return self.speaker_p is not None or self.probabilities is not None

    def with_labels(self, speaker: str, stance: str) -> LabelledSentence:
        """The same sentence as a gold row with these labels."""
        return replace(
            self, speaker=speaker, stance=stance, speaker_p=None, stance_p=None, probabilities=None, evidence=None
        )


#: Column order of a labelled row; predictions add the last four.
GOLD_COLUMNS = (
    "article",
    "outlet",
    "date",
    "paragraph",
    "sentence",
    "start",
    "end",
    "text",
    "speaker",
    "stance",
)
PREDICTION_COLUMNS = ("speaker_p", "stance_p", "probabilities", "evidence")
#: Nested columns: JSONL and Parquet hold them, CSV does not.
NESTED_COLUMNS = ("probabilities", "evidence")
_NESTED_HINT = "leave the column out, or give it another name"


def to_row(row: LabelledSentence) -> dict[str, Any]:
    """The record as a row in column order, extra columns last; prediction columns only where it is a prediction."""
    out: dict[str, Any] = {column: getattr(row, column) for column in GOLD_COLUMNS}
    if row.speaker_p is not None:
        out["speaker_p"] = row.speaker_p
        out["stance_p"] = row.stance_p
    if row.probabilities is not None:
        out["probabilities"] = {head: dict(values) for head, values in row.probabilities.items()}
    if row.evidence is not None:
        out["evidence"] = [
            {"kind": e.kind, "start": e.start, "end": e.end, "text": e.text, "p": e.p} for e in row.evidence
        ]
    out.update({column: value for column, value in row.extra.items() if column not in out})
    return out


def from_row(data: Mapping[str, Any], where: str, number: int, *, labelled: bool = True) -> LabelledSentence:
    """Read a row back; a bare `text,speaker,stance` row becomes an article of its own.

    Args:
        data: column to value; CSV strings are accepted for numbers.
        where: file and line, for errors.
        number: 0-based number of the row in its file: a bare row's article is called after it.
        labelled: whether both labels must be there; otherwise a missing one is "".

    Raises:
        RowError: a column is missing or has a value of the wrong kind.
    """
    for column in ("text", "speaker", "stance"):
        value = data.get(column)
        if value in (None, "") and column != "text" and not labelled:
            continue
        if not isinstance(value, str) or not value.strip():
            raise RowError(
                f"{where}: no usable {column!r}",
                expected="columns text, speaker and stance, none of them empty",
                found=f"{column} = {value!r}; columns here: {', '.join(map(str, data))}",
            )
    bare = data.get("article") in (None, "")
    text = data["text"]
    start = _integer(data, "start", 0, where)
    known = {*GOLD_COLUMNS, *PREDICTION_COLUMNS}
    return LabelledSentence(
        article=f"row-{number:06d}" if bare else str(data["article"]),
        paragraph=0 if bare else _integer(data, "paragraph", 0, where),
        sentence=0 if bare else _integer(data, "sentence", None, where),
        start=start,
        end=_integer(data, "end", start + len(text), where),
        text=text,
        speaker=_label(data, "speaker"),
        stance=_label(data, "stance"),
        outlet=_text_or_none(data.get("outlet")),
        date=_text_or_none(data.get("date")),
        speaker_p=_probability(data, "speaker_p", where),
        stance_p=_probability(data, "stance_p", where),
        probabilities=_probabilities(data, where),
        evidence=_evidence(data, where),
        extra={column: value for column, value in data.items() if column not in known},
    )


def _label(data: Mapping[str, Any], column: str) -> str:
    value = data.get(column)
    return "" if value is None else str(value).strip()


def _text_or_none(value: object) -> str | None:
    return None if value is None or value == "" else str(value)


def _integer(data: Mapping[str, Any], column: str, default: int | None, where: str) -> int:
    value = data.get(column)
    if value is None or value == "":
        if default is not None:
            return default
        raise RowError(
            f"{where}: no {column!r}",
            expected="a 0-based number in a row that names its article",
            hint="number each article's sentences 0, 1, 2 ... in the order of its text; in a spreadsheet in that "
            "order, with the ids in A and the numbers in B: =IF(A2=A1,B1+1,0)",
        )
    return whole_number(value, column, where)


def whole_number(value: Any, column: str, where: str) -> int:
    """The value of a column as a number, 0 or more.

    Raises:
        RowError: it is none.
    """
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError):
        number = -1
    if number < 0 or isinstance(value, bool) or (isinstance(value, float) and value != number):
        raise RowError(f"{where}: bad {column!r}", expected="a whole number, 0 or more", found=repr(value))
    return number


def _probability(data: Mapping[str, Any], column: str, where: str) -> float | None:
    return probability(data.get(column), column, where, expected="a probability, 0 to 1")


def probability(value: Any, column: str, where: str, *, expected: str, zero: bool = True) -> float | None:
    """The value of a column as a probability, None where it is empty.

    Args:
        value: the cell.
        column: its column, for the error.
        where: its row, for the error.
        expected: what the error says that it should be.
        zero: whether it may be 0.

    Raises:
        RowError: it is none.
    """
    if value is None or value == "":
        return None
    try:
        p = float(value)
    except (TypeError, ValueError):
        p = -1.0
    if not 0.0 <= p <= 1.0 or (p == 0.0 and not zero):
        raise RowError(f"{where}: bad {column!r}", expected=expected, found=repr(value))
    return p


def _probabilities(data: Mapping[str, Any], where: str) -> Mapping[str, Mapping[str, float]] | None:
    value = data.get("probabilities")
    if value is None or value in ("", {}):
        return None
    if not isinstance(value, Mapping) or not all(isinstance(inner, Mapping) for inner in value.values()):
        expected = "each label's probability by head, as JSONL and Parquet hold them"
        raise RowError(f"{where}: bad 'probabilities'", expected=expected, found=repr(value)[:80], hint=_NESTED_HINT)
    return value


def _evidence(data: Mapping[str, Any], where: str) -> tuple[Evidence, ...] | None:
    value = data.get("evidence")
    if value is None or value == "":
        return None
    try:
        if isinstance(value, str):
            raise TypeError
        return tuple(Evidence(s["kind"], s["start"], s["end"], s["text"], s["p"]) for s in value)
    except (TypeError, KeyError):
        expected = "a list of spans with kind, start, end, text and p, as JSONL and Parquet hold them"
        raise RowError(
            f"{where}: bad 'evidence'", expected=expected, found=repr(value)[:80], hint=_NESTED_HINT
        ) from None
