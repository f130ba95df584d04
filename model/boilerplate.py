"""Boilerplate: what a page prints around an article, told from the article by its wording and its place.

A sentence that is wrongly called boilerplate is lost to the study, so every rule asks for the whole line: a line of
the article that mentions a newsletter or a copyright matches none of them. docs/sentences.md has precision and recall.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import numpy.typing as npt

from .boilerplate_lines import ATTRIBUTION, LINE_END, LINE_RULES, PARAGRAPH_RULES
from .records import Sentence

#: The kinds, and what each one is.
KINDS = {
    "marks": "no letter and no digit",
    "repeat": "the headline or the deck, or another line without a full stop, printed a second time",
    "link": "a pointer to another page: READ MORE, most read, continue reading, a bare address",
    "share": "share buttons and counts, follow us",
    "plea": "newsletters, subscriptions, apps, donations, calls for tips",
    "legal": "copyright lines and Source: lines",
    "form": "comment forms, shopping carts, cookie banners",
    "byline": "who wrote, photographed or published it, and when",
    "crosshead": "a line of one to three words with no verb of its own, between paragraphs",
}
#: No line of boilerplate is longer; longer ones are not looked at.
_MAX_CHARS = 400
#: Lines after which the page holds nothing of the article, if they stand in its second half.
_TAIL = re.compile(
    rf"(?:about the (?:writer|author|reporter|journalist)s?|(?:leave|post|add|write) an? (?:reply|comment)){LINE_END}",
    re.IGNORECASE,
)
#: A heading of links: the unpunctuated lines right under it are its links.
_LINK_HEADING = re.compile(
    r"(?:don[’']t miss|read (?:more|also)|see also|related(?: \w+)?|most (?:read|popular)|recommended(?: \w+)?)"
    rf"{LINE_END}",
    re.IGNORECASE,
)
_BULLET = re.compile(r"[•·▪◦‣*]\s")
_LISTED = re.compile(r"[•·▪◦‣*–—-]\s|\(?(?:\d{1,2}|[a-z])[.)]\s|[^\n\t]*\S\t")
_SENTENCE_ENDS = ".!?…:;,。！？"
_QUOTES = "\"'“”‘’«»"
_CROSSHEAD_WORDS, _CROSSHEAD_CHARS = 3, 40
#: Shorter paragraphs are refrains and cheers, which may come twice.
_REPEAT_WORDS = 5
#: Kinds whose patterns would also match a short sentence inside a paragraph ("By Monday.").
_WHOLE_PARAGRAPH_KINDS = frozenset({"byline", "form"})
#: Kinds whose patterns would also match a headline ("Watch: drone hits bridge").
_NOT_FIRST_KINDS = frozenset({"link"})
#: Kinds that ask the reader for something, as people in an article do.
_APPEALS = frozenset({"share", "plea", "legal", "form"})
#: A copy of the headline stands at the top of the page.
_HEADLINE_DEPTH = 5


@dataclass(frozen=True, slots=True)
class _Paragraph:
    """One paragraph as the rules see it.

    Attributes:
        text: the paragraph.
        sentences: its sentences.
        under: True if no blank line divides it from the paragraph before.
        plain: words without case and punctuation, to compare copies.
    """

    text: str
    sentences: tuple[Sentence, ...]
    under: bool
    plain: str

    @property
    def unended(self) -> bool:
        return self.text.rstrip(_QUOTES)[-1:] not in _SENTENCE_ENDS


def boilerplate_kinds(text: str, sentences: Sequence[Sentence], quoted: npt.NDArray[np.uint8]) -> dict[int, str]:
    """Which sentences are boilerplate, and of which of the KINDS.

    Args:
        text: the article.
        sentences: all its sentences, in order.
        quoted: `(n_chars,)`, 1 inside quotation marks: somebody who is quoted may well ask people to subscribe.

    Returns:
        Sentence number to kind; sentences of the article are not in it.
    """
    paragraphs = _paragraphs(text, sentences)
    kinds: dict[int, str] = {}
    for number, paragraph in enumerate(paragraphs):
        whole = _kind_of_line(paragraph.text, PARAGRAPH_RULES)
        for sentence in paragraph.sentences:
            kind = whole if whole is not None else _kind_of_line(sentence.text, LINE_RULES)
            if kind == "marks" or (kind is not None and not quoted[sentence.start]):
                if (whole is None and kind in _WHOLE_PARAGRAPH_KINDS) or (number == 0 and kind in _NOT_FIRST_KINDS):
                    continue
                kinds[sentence.sentence] = kind
    for rule in (_repeats, _crossheads, _linked_lines, _tail):
        for paragraph, kind in rule(paragraphs, kinds):
            for sentence in paragraph.sentences:
                kinds.setdefault(sentence.sentence, kind)
    return kinds


def _paragraphs(text: str, sentences: Sequence[Sentence]) -> list[_Paragraph]:
    paragraphs = []
    last_end = 0
    for _, group in groupby(sentences, key=lambda s: s.paragraph):
        members = tuple(group)
        start, end = members[0].start, members[-1].end
        body = text[start:end]
        under = last_end > 0 and len(text[last_end:start].splitlines()) <= 2
        plain = "" if len(body) > _MAX_CHARS else " ".join(re.findall(r"\w+", body.casefold()))
        paragraphs.append(_Paragraph(body, members, under, plain))
        last_end = end
    return paragraphs


def _kind_of_line(line: str, rules: Sequence[tuple[str, re.Pattern[str]]]) -> str | None:
    if not any(char.isalnum() for char in line):
        return "marks"
    if len(line) > _MAX_CHARS:
        return None
    kind = next((kind for kind, pattern in rules if pattern.fullmatch(line)), None)
    return None if kind in _APPEALS and ATTRIBUTION.search(line) else kind


def _repeats(paragraphs: Sequence[_Paragraph], kinds: Mapping[int, str]) -> Iterator[tuple[_Paragraph, str]]:
    """Second copies: of the headline (also without its date or its site's name), of the deck, of unpunctuated lines.

    Other paragraphs that come twice are kept: a live blog says the same thing again as its news.
    """
    seen: set[str] = set()
    for number, paragraph in enumerate(paragraphs):
        plain = paragraph.plain
        if plain.count(" ") + 1 < _REPEAT_WORDS:
            continue
        headline = paragraphs[0].plain
        near_top = 0 < number < _HEADLINE_DEPTH
        is_copy = plain in seen and (near_top or paragraph.unended or plain == headline)
        if is_copy or (near_top and paragraph.unended and _is_part(plain, headline)):
            yield paragraph, "repeat"
        seen.add(plain)


def _is_part(plain: str, headline: str) -> bool:
    return headline.startswith(plain + " ") or headline.endswith(" " + plain)


def _crossheads(paragraphs: Sequence[_Paragraph], kinds: Mapping[int, str]) -> Iterator[tuple[_Paragraph, str]]:
    """Bare crossheads and menu entries.

    A line that ends in a colon introduces something, and items of lists and rows of tables belong to the article; so
    do names that stand over the turns of an interview.
    """
    found = [p for p in paragraphs if _is_bare(p) and p.sentences[0].sentence not in kinds]
    turns = _turn_names(found)
    for paragraph in found:
        if paragraph is not paragraphs[0] and paragraph.plain not in turns:
            yield paragraph, "crosshead"


def _is_bare(paragraph: _Paragraph) -> bool:
    short = len(paragraph.text) <= _CROSSHEAD_CHARS and len(paragraph.text.split()) <= _CROSSHEAD_WORDS
    return short and paragraph.unended and _LISTED.match(paragraph.text) is None


def _turn_names(bare: Sequence[_Paragraph]) -> frozenset[str]:
    """Lines that come again and again, two of them at least: speakers who take turns. No crosshead comes twice."""
    counts = Counter(paragraph.plain for paragraph in bare if paragraph.text[0].isupper())
    names = frozenset(plain for plain, n in counts.items() if n > 1)
    return names if len(names) > 1 else frozenset()


def _linked_lines(paragraphs: Sequence[_Paragraph], kinds: Mapping[int, str]) -> Iterator[tuple[_Paragraph, str]]:
    """Links under a heading of links, bullets after boilerplate, and a lone bullet that no line introduces."""
    in_links = False
    for paragraph in paragraphs:
        if _LINK_HEADING.fullmatch(paragraph.text):
            in_links = True
            continue
        in_links = in_links and paragraph.under and paragraph.unended
        if in_links:
            yield paragraph, "link"
    for first, last in _bullet_runs(paragraphs):
        run = paragraphs[first:last]
        before = paragraphs[first - 1] if first > 0 else None
        if before is None or before.text.endswith(":") or not all(p.unended for p in run):
            continue
        if len(run) == 1 or kinds.get(before.sentences[-1].sentence) in {"link", "plea", "share"}:
            for paragraph in run:
                yield paragraph, "link"


def _bullet_runs(paragraphs: Sequence[_Paragraph]) -> Iterator[tuple[int, int]]:
    """`[first, last)` of each run of paragraphs that begin with a bullet."""
    first = 0
    for is_bullet, group in groupby(paragraphs, key=lambda p: _BULLET.match(p.text) is not None):
        last = first + sum(1 for _ in group)
        if is_bullet:
            yield first, last
        first = last


def _tail(paragraphs: Sequence[_Paragraph], kinds: Mapping[int, str]) -> Iterator[tuple[_Paragraph, str]]:
    """What follows the writer's portrait or the comment form."""
    if not paragraphs:
        return
    half = paragraphs[-1].sentences[-1].end / 2
    kind = None
    for paragraph in paragraphs:
        if kind is None and paragraph.sentences[0].start > half and _TAIL.fullmatch(paragraph.text):
            kind = "byline" if paragraph.plain.startswith("about") else "form"
        if kind is not None:
            yield paragraph, kind
