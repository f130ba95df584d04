"""Boilerplate: what a page prints around an article, told from the article by its wording and its place.

A sentence that is wrongly called boilerplate is lost to the study, so every rule asks for the whole line: a line of
the article that mentions a newsletter or a copyright matches none of them. docs/sentences.md has precision and recall.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import numpy.typing as npt

from .records import Sentence

#: The kinds, and what each one is.
KINDS = {
    "marks": "no letter and no digit",
    "repeat": "the headline, or another whole paragraph, printed a second time",
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
_END = r"\s*[.!:>»…]*"
_NAME = r"(?:[A-Z@][\w.'’@-]*|and|for|in|at|via|of|the|de|van|von|al|&)"
_DATE = r"[\w\s.,:/|()+-]*\d[\w\s.,:/|()+-]*"


def _lines(*alternatives: str, flags: re.RegexFlag = re.IGNORECASE) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{a}){_END}" for a in alternatives), flags)


#: Each pattern must match a whole sentence or a whole paragraph.
_RULES: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "link",
        _lines(
            r"(?:read|see) (?:more|also|next|rest)\s*[:>»–—-].*",
            r"(?:also|now) read\s*[:>»–—-].*",
            r"(?:related|trending|don[’']t miss|more from \w+|see also|watch)\s*[:>»].*",
            r"(?:click here to |tap here to )?(?:read|see) (?:the )?(?:more|rest|full (?:article|story|post|report))"
            r"(?: \S+){0,8}",
            r"more (?:on|from|about) \S+(?: \S+){0,4}",
            r"(?:most|more) (?:read|popular|viewed|shared)(?: (?:on|in) \S+(?: \S+){0,4})?",
            r"continue reading(?: \S+){0,6}",
            r"(?:recommended|related|popular|latest|more|trending|editor[’']?s[’']?)"
            r" (?:articles?|stor(?:y|ies)|videos?|posts?|news|topics?|reading|picks?)",
            r"don[’']t miss",
            r"(?:watch|listen to|see|view)(?: \S+){1,8} (?:below|here|above)",
            r"[^\w\s\"'“‘(]{1,4} ?(?:read|watch|follow|join|listen|subscribe|click)\b.{0,150}",
            r"(?:\S+ ){0,6}(?:https?://|www\.)\S+",
            r"pic\.twitter\.com/\S+(?:\s*[—–-].{0,80})?",
            r"[—–-] ?.{1,60}\(@\w+\) \w+ \d{1,2}, \d{4}",
        ),
    ),
    (
        "share",
        _lines(
            r"(?:share|tweet|pin|email|print|save|copy link|whatsapp|facebook|twitter|linkedin|reddit|telegram"
            r"|[\s|,·•/]){1,12}",
            r"[\d.,]+[km]? ?(?:shares?|comments?|views?|likes?|retweets?)(?: (?:on|this) .{0,30})?",
            r"(?:share|tweet|pin|email|print|save) (?:this|it|via|on|to)(?: (?:article|story|post|page|link|facebook"
            r"|twitter|x|whatsapp|telegram|linkedin|reddit|email|a friend))?",
            r"(?:quickly )?share (?:this|your (?:thoughts|views?|comments?|experiences?|stor(?:y|ies)))\b.{0,140}",
            r"(?:please )?(?:follow|like|find|join) us (?:on|at) (?:facebook|twitter|x|instagram|telegram|youtube|tiktok"
            r"|linkedin|www|http|@).{0,160}",
            r"follow @?\w+ on (?:twitter|x|facebook|instagram|telegram|tiktok|youtube)",
        ),
    ),
    (
        "plea",
        _lines(
            r"(?:to .{0,80}, )?(?:please |make sure (?:that )?you |click here to )?(?:sign up|subscribe|register)"
            r" (?:now|here|today|free|to|for|with)\b.{0,160}",
            r"(?:get|receive|have) .{0,100}(?:to|in|into|straight to) your (?:e-?mail )?(?:inbox|mailbox|phone).{0,40}",
            r"(?:join|subscribe to|follow) (?:our|the|us|my)\b(?: \S+){0,6}"
            r" (?:list|newsletters?|channel|community|mailing list|whatsapp|telegram|discord)(?: \S+){0,3}",
            r"join our list|join the (?:conversation|discussion)|stay (?:up to date|informed|tuned)\b.{0,120}",
            r"you can (?:unsubscribe|opt out)(?: at)? any ?time",
            r"by (?:subscribing|signing up|registering|clicking)\b.{0,120}(?:terms|policy|conditions).{0,60}",
            r"(?:we pay for (?:your )?(?:stories|videos)(?: too)?|do you have a (?:story|tip)\b.{0,100})",
            r"(?:e-?mail|text|call|contact|whatsapp) (?:us|our \w+(?: \w+)?)(?: (?:at|on|by))\b.{0,140}",
            r"you can (?:e-?mail|whatsapp|call|contact) us\b.{0,80}",
            r"click (?:here|on (?:this|the) (?:link|banner)|below)\b.{0,140}",
            r"download (?:our|the)\b.{0,60}\bapp\b.{0,60}",
            r"(?:please )?(?:support (?:our|independent) (?:journalism|work|reporting)|donate (?:now|today|here|to us))"
            r".{0,80}",
            r"(?:thank you|thanks) for (?:sharing|reading|subscribing|signing up|your feedback)\b.{0,60}",
            r"we (?:appreciate|welcome|value) your (?:feedback|comments|thoughts)",
            r"we[’']re here to listen|(?:we would|we will|we[’']d) be happy to hear your thoughts",
            r"as a subscriber, you\b.{0,160}",
        ),
    ),
    (
        "legal",
        _lines(
            r"(?:©|\(c\)\s*\d{4}|copyright\s*(?:©|\(c\)|\d{4})).{0,120}",
            r"\d{4} ?©.{0,80}",
            r"all rights reserved.{0,80}",
            r"(?:[\w.,&’' -]{1,60}\s)?(?:©|copyright).{0,60}all rights reserved.{0,60}",
            r"source:? (?:read full article|link|https?://\S+)",
            r"this (?:article|story|post) (?:was )?(?:originally|first) (?:appeared|published|ran)\b.{0,120}",
        ),
    ),
    (
        "form",
        _lines(
            r"(?:leave|post|add|write) an? (?:reply|comment)s?(?: .{0,40})?|(?:cancel reply|comments? ?(?:\(\d+\))?)",
            r"your e-?mail address will not be published|required fields are marked.{0,10}",
            r"(?:no|\d+) comments?(?: yet)?|be the first to comment|(?:view|show|load) (?:all |more )?comments",
            r"(?:log|sign) in to (?:comment|reply|continue|read)\b.{0,40}",
            r"(?:shopping cart|add to (?:cart|basket)|compare items|checkout|[•*] total \(\d+\))",
            r"(?:we|this (?:site|website)) uses? cookies\b.{0,200}",
            r"skip to (?:main )?content|advertisement|advertising|sponsored(?: content)?|scroll to continue.{0,30}",
            r"story continues below.{0,40}|article continues (?:after|below).{0,40}",
        ),
    ),
    (
        "byline",
        _lines(
            rf"(?i:by|authored by|written by|posted by|reported by|story by|words by) {_NAME}(?:[ ,|]+{_NAME}){{0,11}}[,:]?",
            rf"\(?(?i:reporting|additional reporting|writing|editing|compiled) by {_NAME}"
            rf"(?:[ ,;]+(?:{_NAME}|[Ww]riting|[Ee]diting|[Rr]eporting|[Aa]dditional|by)){{0,25}}[.;]?\)?",
            r"(?i:photo|photograph|image|picture|video|file photo|illustration|graphic)s?(?i: credits?| by| courtesy of)?"
            r"\s*[:©/].{1,120}",
            r"(?i:image |photo |picture )?(?i:credits?)\s*:.{1,100}",
            r"\(?(?:.{1,60}[/|] ?)?(?:Getty Images|Shutterstock|AFP via Getty.*|Getty)(?:[/|].{1,40})?\)?",
            r"(?i:h/t|hat tip)\b:? \S.{0,60}",
            rf"(?i:issued|published|posted|updated|last (?:updated|modified)|first published)(?i: on| at)?:?(?: {_DATE})?",
            r"(?i:about the (?:writer|author|reporter|journalist)s?)",
            r"@\w{2,30}",
            flags=re.NOFLAG,
        ),
    ),
)
#: Lines after which the page holds nothing of the article, if they stand in its second half.
_TAIL = re.compile(
    rf"(?:about the (?:writer|author|reporter|journalist)s?|(?:leave|post|add|write) an? (?:reply|comment)){_END}",
    re.IGNORECASE,
)
#: A heading of links: the unpunctuated lines right under it are its links.
_LINK_HEADING = re.compile(
    rf"(?:don[’']t miss|read (?:more|also)|see also|related(?: \w+)?|most (?:read|popular)|recommended(?: \w+)?){_END}",
    re.IGNORECASE,
)
_BULLET = re.compile(r"[•·▪◦‣*]\s")
_SENTENCE_ENDS = ".!?…:;,。！？"
_QUOTES = "\"'“”‘’«»"
_CROSSHEAD_WORDS, _CROSSHEAD_CHARS = 3, 40
#: Shorter paragraphs are refrains and cheers, which may come twice.
_REPEAT_WORDS = 5
#: Kinds whose patterns would also match a short sentence inside a paragraph ("By Monday.").
_WHOLE_PARAGRAPH_KINDS = frozenset({"byline", "form"})
#: Kinds whose patterns would also match a headline ("Watch: drone hits bridge").
_NOT_FIRST_KINDS = frozenset({"link"})
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
        whole = _kind_of_line(paragraph.text)
        for sentence in paragraph.sentences:
            kind = whole if whole is not None else _kind_of_line(sentence.text)
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


def _kind_of_line(line: str) -> str | None:
    if not any(char.isalnum() for char in line):
        return "marks"
    if len(line) > _MAX_CHARS:
        return None
    return next((kind for kind, pattern in _RULES if pattern.fullmatch(line)), None)


def _repeats(paragraphs: Sequence[_Paragraph], kinds: Mapping[int, str]) -> Iterator[tuple[_Paragraph, str]]:
    """Whole paragraphs that were printed before, and copies of the headline without its date or its site's name."""
    seen: set[str] = set()
    for number, paragraph in enumerate(paragraphs):
        n_words = paragraph.plain.count(" ") + 1
        if n_words >= _REPEAT_WORDS:
            headline = paragraphs[0].plain
            is_copy = (
                0 < number < _HEADLINE_DEPTH
                and paragraph.unended
                and (headline.startswith(paragraph.plain + " ") or headline.endswith(" " + paragraph.plain))
            )
            if is_copy or paragraph.plain in seen:
                yield paragraph, "repeat"
            seen.add(paragraph.plain)


def _crossheads(paragraphs: Sequence[_Paragraph], kinds: Mapping[int, str]) -> Iterator[tuple[_Paragraph, str]]:
    """Bare crossheads and menu entries; a line that ends in a colon introduces something and is kept."""
    for paragraph in paragraphs[1:]:
        short = len(paragraph.text) <= _CROSSHEAD_CHARS and len(paragraph.text.split()) <= _CROSSHEAD_WORDS
        if short and paragraph.unended:
            yield paragraph, "crosshead"


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
