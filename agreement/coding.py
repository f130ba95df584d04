"""What each coder said about each sentence, matched by (article, sentence)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..model.errors import RowError
from ..model.records import LabelledSentence
from ..model.scheme import Scheme

Ints = NDArray[np.int64]

#: What is compared: each label by itself, and the two together.
HEADS = ("speaker", "stance", "both")
#: Sentences of the same number whose texts differ: above this share the coders had different sentences before them.
MOST_STRAY = 0.05
#: Sentences that an error or note names; it counts the others.
_N_NAMED = 10
#: What a column that says who labelled is called, other than `annotator`.
_PEOPLE = frozenset({"coder", "rater", "reader", "person", "labeller", "labeler", "annotated_by", "coded_by", "who"})


@dataclass(frozen=True, slots=True)
class Coder:
    """One coder (a person, or a model) and the sentences that he or she labelled."""

    name: str
    rows: tuple[LabelledSentence, ...]


@dataclass(frozen=True, slots=True)
class Coding:
    """All labels of all coders, side by side.

    Attributes:
        coders: their names.
        units: (n_units,) every sentence that a coder labelled, in order; the first coder who has its text gives it.
        article: (n_units,) number of the sentence's article, 0-based.
        n_articles: how many articles there are.
        values: for each head the labels that it can have; for `both`, `speaker/stance`.
        labels: for each head (n_coders, n_units), index into its values; -1 where the coder said nothing.
        notes: what was left out, a line each.
    """

    coders: tuple[str, ...]
    units: tuple[LabelledSentence, ...]
    article: Ints
    n_articles: int
    values: dict[str, tuple[str, ...]]
    labels: dict[str, Ints]
    notes: tuple[str, ...]

    def said(self, head: str, unit: int) -> tuple[str | None, ...]:
        """Each coder's label of one sentence, None where the coder said nothing."""
        column = self.labels[head][:, unit]
        return tuple(None if code < 0 else self.values[head][code] for code in column)


def code(coders: Sequence[Coder], scheme: Scheme | None = None) -> Coding:
    """Match the coders' sentences.

    Args:
        coders: at least two; sentences without labels are left out, and counted in the notes.
        scheme: gives the order of labels; None: by name.

    Raises:
        RowError: fewer than two coders, one of them labels a sentence twice, no sentence was labelled by two, or
            their sentences of the same number have different texts.
        SchemeError: a label is not of the scheme.
    """
    if len(coders) < 2:
        raise RowError(
            "nobody to agree with",
            expected="the labels of at least two coders",
            found=str(len(coders)),
            hint=_people_hint([row for coder in coders for row in coder.rows]),
        )
    notes: list[str] = []
    tables = [_table(coder, scheme, notes) for coder in coders]
    keys = list(dict.fromkeys(key for table in tables for key in table))
    order = {article: i for i, article in enumerate(dict.fromkeys(article for article, _ in keys))}
    keys.sort(key=lambda key: (order[key[0]], key[1]))
    shared = sum(sum(key in table for table in tables) > 1 for key in keys)
    if shared == 0:
        raise RowError(
            "no sentence was labelled by two coders",
            expected="the same article ids and sentence numbers in both",
            found="; ".join(
                f"{c.name}: {', '.join(list(order_of(t))[:3])} ..." for c, t in zip(coders, tables, strict=True)
            ),
        )
    stray = _stray(tables, keys)
    if len(stray) > MOST_STRAY * shared:
        raise RowError(
            f"{len(stray)} of {shared} sentences have other texts with another coder",
            expected="the same sentences under the same numbers",
            found=_named(stray),
            hint="give every coder the same file to label",
        )
    if stray:
        notes.append(f"{len(stray)} sentences left out: their texts differ between coders: {_named(stray)}")
        gone = set(stray)
        keys = [key for key in keys if key not in gone]
        shared -= len(stray)  # each of them was labelled by two
    if shared < len(keys):
        notes.append(
            f"{len(keys) - shared} sentences were labelled by one coder only; they say nothing about agreement"
        )
    values = _values(tables, scheme)
    notes += _doubts(values, [row for table in tables for row in table.values()])
    return Coding(
        coders=tuple(coder.name for coder in coders),
        units=tuple(_unit(tables, key) for key in keys),
        article=np.array([order[article] for article, _ in keys], np.int64),
        n_articles=len(order),
        values=values,
        labels={head: _labels(tables, keys, head, values[head]) for head in HEADS},
        notes=tuple(notes),
    )


_Table = dict[tuple[str, int], LabelledSentence]


def order_of(table: _Table) -> dict[str, None]:
    """Article ids in order of first appearance."""
    return dict.fromkeys(article for article, _ in table)


def label_of(row: LabelledSentence, head: str) -> str:
    """The row's label for one head."""
    return f"{row.speaker}/{row.stance}" if head == "both" else str(getattr(row, head))


def _table(coder: Coder, scheme: Scheme | None, notes: list[str]) -> _Table:
    table: _Table = {}
    n_open = 0
    for row in coder.rows:
        if not row.is_labelled:
            n_open += 1
            continue
        if scheme is not None:
            scheme.check_labels(row.speaker, row.stance, f"{coder.name}, sentence {row.sentence} of {row.article}")
        if row.key in table:
            raise RowError(
                f"{coder.name} labels sentence {row.sentence} of article {row.article!r} twice",
                expected="one row for each (article, sentence), or a column 'annotator' that tells people apart",
                hint=_people_hint(coder.rows),
            )
        table[row.key] = row
    if n_open:
        notes.append(f"{coder.name} left {n_open} sentences without a label")
    return table


def _people_hint(rows: Sequence[LabelledSentence]) -> str:
    """How one file tells several people apart."""
    columns = dict.fromkeys(column for row in rows for column in row.extra)
    likely = next((column for column in columns if column.casefold() in _PEOPLE), "NAME")
    return (
        "one file holds several people's labels if its column `annotator` says whose they are: "
        f"`sayso convert FROM TO --column annotator={likely}`"
    )


def _named(keys: Sequence[tuple[str, int]]) -> str:
    """The sentences by article and number, the first ten of them."""
    more = [f"and {len(keys) - _N_NAMED} more"] if len(keys) > _N_NAMED else []
    return ", ".join([*(f"sentence {number} of article {article}" for article, number in keys[:_N_NAMED]), *more])


def _stray(tables: Sequence[_Table], keys: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    """Sentences that have two texts (coders without texts, who only have numbers, agree with everybody)."""
    return [
        key
        for key in keys
        if len({" ".join(table[key].text.split()) for table in tables if key in table and table[key].text}) > 1
    ]


def _doubts(values: dict[str, tuple[str, ...]], rows: Sequence[LabelledSentence]) -> list[str]:
    """What may make figures other than they look: labels that differ in case only, and rows that name no article."""
    found = []
    for head in ("speaker", "stance"):
        alike: dict[str, list[str]] = {}
        for value in values[head]:
            alike.setdefault(value.casefold(), []).append(value)
        twice = ["/".join(members) for members in alike.values() if len(members) > 1]
        if twice:
            found.append(f"counted as different labels: {', '.join(twice)}; --scheme reads them as one")
    if rows and all(row.is_alone for row in rows):
        found.append(
            "the rows name no article: intervals resample sentences, and are too narrow if these stand together"
        )
    return found


def _unit(tables: Sequence[_Table], key: tuple[str, int]) -> LabelledSentence:
    versions = [table[key] for table in tables if key in table]
    return next((row for row in versions if row.text), versions[0])


def _values(tables: Sequence[_Table], scheme: Scheme | None) -> dict[str, tuple[str, ...]]:
    if scheme is not None:
        both = tuple(f"{speaker}/{stance}" for speaker in scheme.speaker_ids for stance in scheme.stance_ids)
        return {"speaker": scheme.speaker_ids, "stance": scheme.stance_ids, "both": both}
    return {head: tuple(sorted({label_of(row, head) for table in tables for row in table.values()})) for head in HEADS}


def _labels(tables: Sequence[_Table], keys: Sequence[tuple[str, int]], head: str, values: Sequence[str]) -> Ints:
    index = {value: i for i, value in enumerate(values)}
    return np.array(
        [[index[label_of(table[key], head)] if key in table else -1 for key in keys] for table in tables], np.int64
    )
