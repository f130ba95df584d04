"""Attributions (source, cue and content spans, as PolNeAR has them) as labelled sentences.

A sentence is passed on (not vouched for) if at least half of it lies in content spans. Its speaker is the one whose
alias stands in the source of the attribution that covers most of it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..model.errors import RowError, SchemeError
from ..model.mentions import AliasMatcher
from ..model.records import LabelledSentence
from ..model.scheme import Scheme
from .base import Reading, ReadOptions, read_text
from .documents import article_id

if TYPE_CHECKING:
    from ..train.brat import Attribution

#: The scheme for attributions when none is named: somebody's word, or the outlet's own.
PLAIN_SCHEME = "attribution"
_DATE = re.compile(r"(?<=_)\d{4}-\d\d-\d\d(?=_)")
_PRONOUN = re.compile(r"(he|she|they|it|who|him|her|them|himself|herself|themselves|both|we|i)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class AnnotatedFile:
    """A text and one person's annotations of it; `annotator` is "" where only one person read it."""

    name: str
    text: Path
    annotations: Path
    annotator: str = ""
    outlet: str | None = None
    date: str | None = None


def annotated_files(folder: Path) -> list[AnnotatedFile]:
    """The annotated texts of a folder: `NNN.txt` beside `NNN.ann`, or PolNeAR's `text/` and `attributions/`.

    PolNeAR's annotations are named `OUTLET_DATE_TITLE_PERSON.ann`.

    Raises:
        RowError: annotations without their text.
    """
    if (folder / "attributions").is_dir() and (folder / "text").is_dir():
        annotations = sorted((folder / "attributions").glob("*.ann"))
        named = [(path, *path.stem.rpartition("_")[::2]) for path in annotations]
        readers = Counter(stem for _, stem, _ in named)
        files = [
            AnnotatedFile(
                name=stem,
                text=folder / "text" / f"{stem}.txt",
                annotations=path,
                annotator=person if readers[stem] > 1 else "",
                outlet=stem.split("_")[0],
                date=next(iter(_DATE.findall(stem)), None),
            )
            for path, stem, person in named
        ]
    else:
        files = [AnnotatedFile(p.stem, p.with_suffix(".txt"), p) for p in sorted(folder.glob("*.ann"))]
    for file in files:
        if not file.text.is_file():
            raise RowError(f"{file.annotations} has no text", expected=str(file.text))
    return files


def is_attribution_file(path: Path) -> bool:
    """Whether the annotations join spans to attributions."""
    return "\tAttribution:" in path.read_text(encoding="utf-8", errors="replace")


def read_attributed(files: Sequence[AnnotatedFile], options: ReadOptions) -> Reading:
    """Read attributions.

    Rows have the columns `source`, `cue` (text of the main attribution's spans), `attributed` (share of the sentence
    in content spans, 0 to 1) and `source_by`: how the speaker was found, by an `alias` in the source, by the `surname`
    of a source of the article that has one, by a `pronoun` (taken for the source before it), or `rest`: nobody whom
    the scheme names.

    Raises:
        RowError: a file is malformed.
        SchemeError: the scheme lacks what attributions need.
    """
    from ..train.brat import read_attributions

    scheme = Scheme.load(PLAIN_SCHEME) if options.scheme is None else options.scheme
    sources = _Sources(scheme)
    rows: list[LabelledSentence] = []
    for file in files:
        text = read_text(file.text, keep_mark=True)
        rows += _rows(file, text, read_attributions(file.annotations, len(text)), sources)
    several = len({row.article for row in rows if "annotator" in row.extra})
    notes = [f"{several} articles were read by several people: see the column annotator"] if several else []
    how = Counter(str(row.extra["source_by"]) for row in rows if "source_by" in row.extra)
    notes.append("speakers of attributed sentences found by " + ", ".join(f"{k} {n}" for k, n in how.most_common()))
    return Reading(tuple(rows), tuple(notes))


class _Sources:
    """Who a source is, by the scheme's aliases."""

    def __init__(self, scheme: Scheme) -> None:
        if scheme.rest is None:
            raise SchemeError(
                f"the scheme {scheme.name} has no speaker for sources that it does not name",
                expected="rest: the id of a speaker",
            )
        reports = [stance for stance in scheme.stance_ids if stance != scheme.vouched]
        self.outlet, self.rest = scheme.outlet, scheme.rest
        self.vouched, self.passed_on = scheme.vouched, reports[0]
        self._matcher = AliasMatcher(scheme.speakers)

    def speakers(self, text: str, attributions: Sequence[Attribution]) -> list[tuple[str, str]]:
        """(speaker, how it was found) of each attribution, in the order given."""
        from ..train.polnear import source_key

        texts = [_text_of(text, attribution.source) for attribution in attributions]
        keys = [source_key(text, attribution.source) for attribution in attributions]
        by_alias = [next((mention.speaker for mention in self._matcher.find(source)), None) for source in texts]
        by_surname: dict[str, str] = {}
        for key, speaker in zip(keys, by_alias, strict=True):
            if key is not None and speaker is not None:
                by_surname.setdefault(key, speaker)
        found = [(self.rest, "rest")] * len(attributions)
        last = self.rest
        for i in sorted(range(len(attributions)), key=lambda i: min(attributions[i].source, default=(0, 0))):
            named, key = by_alias[i], keys[i]
            if named is not None:
                found[i] = named, "alias"
            elif key is not None and key in by_surname:
                found[i] = by_surname[key], "surname"
            elif _PRONOUN.fullmatch(texts[i]):
                found[i] = last, "pronoun"
            if texts[i]:
                last = found[i][0]
        return found


def _rows(file: AnnotatedFile, text: str, attributions: list[Attribution], sources: _Sources) -> list[LabelledSentence]:
    from ..model.sentences import segment
    from ..train.polnear import ATTRIBUTED_SHARE, attributed_share

    content, letters = np.zeros(len(text), bool), np.fromiter((not c.isspace() for c in text), bool, len(text))
    for attribution in attributions:
        for start, end in attribution.content:
            content[start:end] = True
    speakers = sources.speakers(text, attributions)
    rows = []
    for s in segment(text).kept:
        share = attributed_share(s.start, s.end, content, letters)
        extra: dict[str, object] = {"attributed": round(share, 3)}
        speaker, stance = sources.outlet, sources.vouched
        if share >= ATTRIBUTED_SHARE:
            main = max(range(len(attributions)), key=lambda i: _overlap(attributions[i], s.start, s.end))
            (speaker, extra["source_by"]), stance = speakers[main], sources.passed_on
            extra["source"] = _text_of(text, attributions[main].source)
            extra["cue"] = _text_of(text, attributions[main].cue)
        if file.annotator:
            extra["annotator"] = file.annotator
        rows.append(
            LabelledSentence(
                article=article_id(file.name),
                paragraph=s.paragraph,
                sentence=s.sentence,
                start=s.start,
                end=s.end,
                text=s.text,
                speaker=speaker,
                stance=stance,
                outlet=file.outlet,
                date=file.date,
                extra=extra,
            )
        )
    return rows


def _overlap(attribution: Attribution, start: int, end: int) -> int:
    return sum(max(0, min(end, b) - max(start, a)) for a, b in attribution.content)


def _text_of(text: str, spans: Sequence[tuple[int, int]]) -> str:
    return " ".join(" ".join(text[start:end].split()) for start, end in spans)
