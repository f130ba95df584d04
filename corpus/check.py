"""Every fault of the authored corpus, by file and line."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..formats.authored import read_codes
from ..formats.base import ReadOptions
from ..model.errors import RowError, SaysoError
from ..model.scheme import Scheme
from ..model.sentences import segment
from ..train.examples import article_text
from ..train.seeds import AuthoredArticle, Fault, read_authored
from .copying import copied

#: Keys that every article's header must have.
HEADER_KEYS = ("outlet", "date", "register", "note")
#: Kinds of news text; `local` is a small outlet near the front.
REGISTERS = (
    "agency",
    "aggregator",
    "analysis",
    "brief",
    "broadcast-transcript",
    "broadsheet",
    "feature",
    "live-blog",
    "local",
    "machine-translated",
    "op-ed-like",
    "q-and-a",
    "state-media",
    "tabloid",
)
#: Shorter sentences ("He did not say why.") may stand in two articles. Characters, without punctuation.
SHORTEST_DUPLICATE = 31


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check read, and what it found, by file and line."""

    articles: tuple[AuthoredArticle, ...]
    faults: tuple[Fault, ...]

    @property
    def n_sentences(self) -> int:
        """Sentences that could be read."""
        return sum(len(article.rows) for article in self.articles)


def check(folder: Path, scheme: Scheme, *, readings: Sequence[Path] = (), against: Sequence[Path] = ()) -> Checked:
    """Read all articles of a folder and name every fault.

    Args:
        folder: holds `NNN.txt`.
        scheme: whose letters the codes are.
        readings: other labels of the same sentences, as `formats/authored.read_codes` reads them; each must hold
            every sentence of every article once.
        against: folders of real articles (`*.txt`, at any depth), from which nothing may be copied.

    Raises:
        RowError: the folder holds no article, or a folder of `against` no text.
    """
    paths = sorted(folder.glob("*.txt"))
    if not paths:
        raise RowError(f"no authored articles in {folder}", expected="files NNN.txt")
    articles: list[AuthoredArticle] = []
    faults: list[Fault] = []
    for path in paths:
        article, its_faults = read_authored(path, scheme)
        articles.append(article)
        faults += [*its_faults, *header_faults(article), *label_faults(article, scheme), *cut_faults(article)]
    faults += duplicate_faults(articles)
    for reading in readings:
        faults += reading_faults(reading, articles, scheme)
    if against:
        faults += copied(articles, against)
    return Checked(tuple(articles), tuple(sorted(faults, key=lambda fault: (fault.path, fault.line))))


def header_faults(article: AuthoredArticle) -> list[Fault]:
    """Missing keys, a date that is none, an unknown register, and a note that does not say what the text is."""
    header = article.header
    problems = [f"the header lacks {key!r}" for key in HEADER_KEYS if key not in header]
    try:
        datetime.date.fromisoformat(header.get("date", "2023-05-22"))
    except ValueError:
        problems.append(f"date {header['date']!r} is not YYYY-MM-DD")
    if header.get("register", REGISTERS[0]) not in REGISTERS:
        problems.append(f"register {header['register']!r} is none of {', '.join(REGISTERS)}")
    if "invented" not in header.get("note", "invented"):
        problems.append("the note does not say that the text is invented")
    return [Fault(article.path, 1, problem) for problem in problems]


def label_faults(article: AuthoredArticle, scheme: Scheme) -> list[Fault]:
    """Sentences in which the outlet passes on its own word: the codebook knows no such thing."""
    return [
        Fault(article.path, line, f"{scheme.outlet} always {scheme.vouched}; found {row.stance}")
        for row, line in zip(article.rows, article.lines, strict=True)
        if row.speaker == scheme.outlet and row.stance != scheme.vouched
    ]


def cut_faults(article: AuthoredArticle) -> list[Fault]:
    """Lines that the splitter, reading the whole article, would cut in two, or would not part from the line before."""
    text, sentences = article_text(article.rows)
    found = {sentence.start for sentence in segment(text).sentences}
    faults = []
    for sentence, line in zip(sentences, article.lines, strict=True):
        inside = [at for at in sorted(found) if sentence.start < at < sentence.end]
        if inside:
            rest = text[inside[0] : sentence.end][:40]
            faults.append(Fault(article.path, line, f"the splitter cuts it into {len(inside) + 1}, before {rest!r}"))
        if sentence.start not in found:
            faults.append(Fault(article.path, line, "the splitter does not part it from the line before"))
    return faults


def duplicate_faults(articles: Iterable[AuthoredArticle]) -> list[Fault]:
    """Sentences that stand twice, case and punctuation apart."""
    faults: list[Fault] = []
    seen: dict[str, str] = {}
    for article in articles:
        for row, line in zip(article.rows, article.lines, strict=True):
            key = " ".join(re.findall(r"\w+", row.text.casefold()))
            if len(key) >= SHORTEST_DUPLICATE and key in seen:
                faults.append(Fault(article.path, line, f"the same sentence as {seen[key]}"))
            seen.setdefault(key, f"{article.path.name}:{line}")
    return faults


def reading_faults(reading: Path, articles: Sequence[AuthoredArticle], scheme: Scheme) -> list[Fault]:
    """Sentences of the articles that another reading lacks, has twice, or has over."""
    try:
        rows = read_codes(reading, ReadOptions(scheme=scheme)).rows
    except SaysoError as error:
        return [Fault(reading, 1, error.one_line())]
    found: dict[str, list[int]] = {}
    for row in rows:
        found.setdefault(row.article, []).append(row.sentence)
    faults = []
    for article in articles:
        numbers = sorted(found.pop(article.path.stem, []))
        if numbers != list(range(len(article.rows))):
            faults.append(
                Fault(reading, 1, f"article {article.path.stem}: {len(numbers)} labels, {len(article.rows)} sentences")
            )
    faults += [Fault(reading, 1, f"article {name}: no such article") for name in found]
    return faults
