"""Where a paragraph is cut into sentences: nupunkt's cuts, mended by rules about quotation marks and abbreviations.

nupunkt (Punkt: Kiss and Strunk, 2006, here with the abbreviations of `abbreviations`) judges full stops. It does not
know which quotation mark closes, who said "Why?", or that a space is missing; the rules here do. docs/sentences.md
measures both.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from functools import lru_cache
from typing import Any

from .abbreviations import ABBREVIATIONS, STATES, TITLES, words

#: Abbreviations before a number: No. 5, Oct. 18.
_BEFORE_NUMBER = words("no nos art sec fig vol pp jan feb mar apr jun jul aug sep sept oct nov dec")
#: Capitalised words that begin a sentence far more often than they go on after an abbreviation.
_STARTERS = words(
    "the a an this that these those it its he she they we you i his her their our my there here but and or so if in on"
    " at as by for from with after before then when while since until although though however meanwhile what who why"
    " how where which not no one some many most all both each another"
)
_LAST_WORD = re.compile(r"([^\W\d_]+)\.\Z")
_ACRONYM = re.compile(r"(?:\b[A-Z]\.){2,}\Z")
_INITIAL = re.compile(r"(?:\A|[\s(\"“‘'])[A-Z]\.\Z")
#: These end sentences as often as not: `_abbreviation_joins` decides by what follows.
_CLOCKS = frozenset({"a.m", "p.m"})
_CLOCK = re.compile(r"\b[ap]\.?m\.\Z", re.IGNORECASE)
#: What may follow 9 a.m. in the same sentence: EST, E.T., (0600 GMT), Eastern, Moscow time, local time, Monday, Oct. 5.
_AFTER_CLOCK = re.compile(
    r"[A-Z]{2,4}\b|(?:[A-Z]\.){2}|[(\[–—-]|(?:Eastern|Central|Mountain|Pacific)\b|(?:\w+ ){0,2}?[Tt]ime\b"
    r"|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b|(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.? \d"
)
#: A clock that opens an entry of a live blog belongs to the sentence after it.
_ONLY_CLOCK = re.compile(r"[\d:.]+ ?[ap]\.?m\.\Z", re.IGNORECASE)
#: One capital letter that is no initial: the network, the mark on a tank, whatever no name can follow.
_LETTER_END = re.compile(
    r"\b(?:on X|[Ll]etters? [A-Z])\.\s+(?=[\"'“‘]?[A-Z])"
    r"|(?<![\w.])[A-Z]\.\s+(?=(?:The|This|That|He|She|It|They|We|But|And|In|On|At|If|When)\b)"
)
#: Ends of sentences in other hands that nupunkt does not know: a German closing mark, a full-width full stop.
_FOREIGN_END = re.compile(r"[.!?…](?P<marks>[“‘›]{1,2})\s+(?=[^\W\d_a-z])|[。！？]+[”’」』)]*\s*(?=\S)")
_FIRST_WORD = re.compile(r"[\"“‘'(\[]*([^\W\d_][\w’'-]*)")
#: A question, an exclamation or an ellipsis, and whatever closes after it.
_OPEN_END = re.compile(r"(?:[?!]+|…|\.\.\.)[\"'”’»›)\]]*\Z")
#: What goes on after a question: `"Who did it?" – a question`.
_DASHED_ON = re.compile(r"[-–—]\s*[a-z]")
#: The wire's name after its dateline: `MOSCOW, June 5. /TASS/ Russia ...`.
_AGENCY_MARK = re.compile(r"/[A-Z][\w .-]{1,30}/")
_QUOTED_END = re.compile(r"[?!…][\"'”’»›]\Z")
_VERBS = (
    "said|says|asked|asks|told|tells|wrote|writes|added|adds|replied|replies|responded|answered|shouted|cried|yelled|"
    "joked|quipped|exclaimed|demanded|wondered|inquired|enquired|continued|tweeted|posted|declared|insisted|noted|"
    "remarked|recalled|warned|snapped|screamed|whispered|mused|concluded|commented"
)
#: Mr Novak asked; Anna van der Berg, 43, wrote: who said the question before, if no clause of its own follows.
_ATTRIBUTION = re.compile(
    rf"(?:[A-Z][\w’'-]*\.?,? )(?:(?:[A-Z][\w’'-]*\.?|van|von|der|de|al|of|the|\d+),? ){{0,5}}?"
    rf"(?:has |had |also |then |later )?(?:{_VERBS})\b(?! (?:that|he|she|it|they|we|there|this|his|her|its|their)\b)"
)
#: No word is that long: encoded data, or a script without spaces.
_LONG_TOKEN = re.compile(r"\S{300,}")
#: A full stop, question or exclamation mark between a word or a year and a capitalised word, with no space:
#: `ended.The next`, `in 2023.The next`.
_NO_SPACE = re.compile(r"(?:[^\W\d_A-Z]{2}|\b(?:19|20)\d\d)(?P<end>\.|[?!]+)(?=[\"'“”‘’«»]{0,2}[A-Z])")
#: A stop that no sentence can begin with: (D-Nev.). and ”. end one.
_LONE_STOP = re.compile(r"(?<!\s)[.!?](?![.\w])")
#: A link after a sentence is no part of it.
_LINK = re.compile(r"pic\.twitter\.com|https?://|www\.")
_ADDRESS = re.compile(r"\S*(?:@|://|www\.|\w/\w)\S*")
_DOMAIN = re.compile(r"(?:Com|Org|Net|Gov|Edu|Info|Io|Js|Tv|Uk|Ru|Ua)\b")


def sentence_starts(text: str, openers: Collection[int], closers: Collection[int]) -> list[int]:
    """Offsets at which the sentences of a paragraph start, the first one left out.

    Args:
        text: one paragraph, without white space at its ends.
        openers: offsets of the marks that open a quotation.
        closers: offsets of the marks that close one.

    Returns:
        Increasing offsets, each of a character that is not white space.
    """
    starts = {_past_closers(text, at, closers) for at in _punkt_starts(text)}
    kept = {at for at in starts if 0 < at < len(text) and not _joins(text, at)}
    kept.update(match.end() for match in _LETTER_END.finditer(text))
    kept.update(m.end() for m in _FOREIGN_END.finditer(text) if all(at in closers for at in range(*m.span("marks"))))
    kept.update(_unspaced_starts(text, openers, closers))
    return sorted(kept)


def _punkt_starts(text: str) -> Iterator[int]:
    for piece_start, piece_end in _between_long_tokens(text):
        for start, _ in _punkt().span_tokenize(text[piece_start:piece_end]):
            if start > 0:
                yield _skip_space(text, piece_start + start)


@lru_cache(maxsize=1)
def _punkt() -> Any:
    """nupunkt's tokenizer, in an instance of our own that knows our abbreviations instead of those it learned."""
    from nupunkt.models import load_default_model

    tokenizer = load_default_model()
    for learned in tokenizer.abbreviations - ABBREVIATIONS:
        if learned in _CLOCKS or ("." not in learned and len(learned) > 1):
            tokenizer.remove_abbreviation(learned)
    tokenizer.add_abbreviations(sorted(ABBREVIATIONS))
    return tokenizer


def _between_long_tokens(text: str) -> Iterator[tuple[int, int]]:
    """Pieces of text without its very long tokens, in which nupunkt's time grows with the square of their length."""
    start = 0
    for token in _LONG_TOKEN.finditer(text):
        yield start, token.start()
        start = token.end()
    yield start, len(text)


def _past_closers(text: str, at: int, closers: Collection[int]) -> int:
    """Move a cut past the quotation marks and brackets that close the sentence before it."""
    moved = at
    while moved < len(text) and (
        moved in closers or text[moved] in ")]}" or _is_stray_closer(text, moved) or _LONE_STOP.match(text, moved)
    ):
        moved += 1
    return at if moved == at else _skip_space(text, moved)


def _is_stray_closer(text: str, at: int) -> bool:
    """A closing mark whose opening one was lost still belongs to the word that it touches."""
    return text[at] in "”»" and at > 0 and not text[at - 1].isspace()


def _skip_space(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _joins(text: str, at: int) -> bool:
    """Whether the sentences on both sides of a cut are one."""
    left = text[max(0, at - 80) : at].rstrip()
    right = text[at : at + 120]
    if right[0] in ",;:" or _AGENCY_MARK.match(right):
        return True
    if _OPEN_END.search(left) and (right[0].islower() or _DASHED_ON.match(right)):
        return _LINK.match(right) is None
    if _QUOTED_END.search(left) and _is_attribution(right):
        return True
    if not left.endswith("."):
        return False
    return _abbreviation_joins(left, right)


def _is_attribution(right: str) -> bool:
    first = _FIRST_WORD.match(right)
    return first is not None and first.group(1).casefold() not in _STARTERS and _ATTRIBUTION.match(right) is not None


def _abbreviation_joins(left: str, right: str) -> bool:
    """Whether the full stop that ends `left` belongs to an abbreviation inside the sentence."""
    if _CLOCK.search(left):
        return _ONLY_CLOCK.match(left) is not None or right[0].islower() or _AFTER_CLOCK.match(right) is not None
    word = _LAST_WORD.search(left)
    if word is not None and word.group(1).casefold() in _BEFORE_NUMBER and right[0].isdigit():
        return True
    if word is not None and word.group(1) in STATES and (right[0].islower() or right[0] in "-–—"):
        return True
    if right[0].islower() and _ACRONYM.search(left) is not None:
        return True
    first = _FIRST_WORD.match(right)
    if first is None or first.group(1).casefold() in _STARTERS or not right[0].isalpha():
        return False
    if word is not None and word.group(1).casefold() in TITLES:
        return True
    return _ACRONYM.search(left) is not None or _INITIAL.search(left) is not None


def _unspaced_starts(text: str, openers: Collection[int], closers: Collection[int]) -> Iterator[int]:
    """Starts of sentences that no space divides from the one before."""
    for match in _NO_SPACE.finditer(text):
        at = match.end()
        while at < len(text) and (at in closers or _is_stray_closer(text, at)):
            at += 1
        if at < len(text) and not text[at].isspace() and (at in openers or _starts_word(text, at)):
            token = _token_around(text, match.start("end"))
            if not _ADDRESS.fullmatch(token) and not _DOMAIN.match(text, at):
                yield at


def _starts_word(text: str, at: int) -> bool:
    return text[at].isupper() and text[at + 1 : at + 2].islower()


def _token_around(text: str, at: int) -> str:
    """The stretch without white space around an offset, at most 100 characters to each side."""
    before = text[max(0, at - 100) : at].split()
    after = text[at : at + 100].split(maxsplit=1)
    return (before[-1] if before and not text[at - 1].isspace() else "") + after[0]
