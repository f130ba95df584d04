"""Cue words: the verbs and phrases by which news says whose word a sentence is.

A list for the baseline rule and for telling kinds of attribution apart; the model never reads it. What makes a verb
factive is the codebook's test: it only fits a truth, so that whoever writes it vouches for what follows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


def _words(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\w+", text))


_NEUTRAL = _words("""
accuse add agree allege announce answer appeal argue assert assume believe blame boast brand call caution charge cite
claim comment complain conclude condemn consider contend counter criticise criticize declare decry demand denounce
deny deride describe disavow dismiss dispute doubt elaborate emphasise emphasize estimate exclaim expect explain fear
forecast hint hope imply inquire insist joke judge lambast lament maintain mention mock object opine plead pledge post
praise predict proclaim promise propose protest question quip reason reckon recommend recount refute reiterate reject
remark remind repeat reply report request respond retort say scoff signal specify speculate state stress suggest
surmise suspect swear tell testify think threaten tweet underline urge vow want warn wonder worry write
""")
_FACTIVE = _words("""
acknowledge admit concede confess confirm detect discover disclose divulge establish find know learn note observe
prove realise realize recall recognise recognize remember reveal show
""")
#: Announcing one's own measure is an act, which the outlet vouches for; announcing that something happened is a report.
_ACTS = frozenset({"announce", "declare", "proclaim"})
#: Verbs of many other uses: they count only before a clause or a quotation.
_WITH_CLAUSE = frozenset(
    _words("""
    answer add agree appeal assume call charge cite comment consider counter demand detect discover establish expect
    find hope judge know learn mention note object observe plead post promise prove question reason recall
    recognise recognize remember report request reveal show signal state underline want wonder worry
    """)
)
_IRREGULAR = {
    "say": "says said saying",
    "tell": "tells told telling",
    "think": "thinks thought thinking",
    "swear": "swears swore sworn swearing",
    "write": "writes wrote written writing",
    "find": "finds found finding",
    "know": "knows knew known knowing",
    "show": "shows showed shown showing",
    "plead": "pleads pleaded pled pleading",
    "admit": "admits admitted admitting",
    "quip": "quips quipped quipping",
    "prove": "proves proved proven proving",
}
_HEDGE = re.compile(
    r"\b(?:reportedly|allegedly|purportedly|supposedly|(?:is|are|was|were) "
    r"(?:said|understood|believed|thought|reported|alleged|rumoured|rumored) to|"
    r"it (?:is|was) (?:understood|reported|alleged|believed|claimed)|"
    r"(?:alleged|reported|purported))\b",
    re.IGNORECASE,
)
_BEFORE_NAME = re.compile(r"\b(?:according to|in the words of|in the view of|as told by|, per)\s", re.IGNORECASE)
#: "Moscow: the raid is over", "ANNA: I saw it."
_LABEL = re.compile(r"^[A-Z][\w’'-]*(?: [\w’'-]+){0,3}(?=: )")
_WORD = re.compile(r"[A-Za-z]+(?:['’-][A-Za-z]+)*")
_NO_VERB_AFTER = frozenset(
    _words(
        "the a an this that these those his its their our your my some any no such of by to for in with from on "
        "at under be been being was were is are not never other official initial early earlier "
        "conflicting several two three"
    )
)
_CLAUSE = re.compile(r"\s*(?:that|how|why|whether|where|what|who|if|it|he|she|they|there|we)\b|\s*[,:]?\s*[\"“‘«]|:")
#: What a cue is called that is no word: a name, a colon, what that person says.
COLON = ":"


@dataclass(frozen=True, slots=True)
class Cue:
    """A cue in a sentence.

    Attributes:
        start: character offset into the sentence.
        end: offset after the last character.
        lemma: of the verb; the phrase itself where it is none.
        factive: whether it vouches for what follows.
        before_name: whether the source can only stand after it ("according to").
    """

    start: int
    end: int
    lemma: str
    factive: bool
    before_name: bool = False


def _forms(lemma: str) -> list[str]:
    if lemma in _IRREGULAR:
        return [lemma, *_IRREGULAR[lemma].split()]
    if lemma.endswith("y") and lemma[-2] not in "aeiou":
        return [lemma, f"{lemma[:-1]}ies", f"{lemma[:-1]}ied", f"{lemma}ing"]
    if lemma.endswith("e"):
        return [lemma, f"{lemma}s", f"{lemma}d", f"{lemma[:-1]}ing"]
    third = f"{lemma}es" if lemma.endswith(("s", "sh", "ch", "x")) else f"{lemma}s"
    return [lemma, third, f"{lemma}ed", f"{lemma}ing"]


#: Verb form to lemma.
FORMS = {form: lemma for lemma in (*_NEUTRAL, *_FACTIVE) for form in _forms(lemma)}
FACTIVE = frozenset(_FACTIVE)


def find_cues(text: str, quoted: NDArray[np.uint8]) -> list[Cue]:
    """The cues of a sentence that stand outside quotation marks, in order.

    Args:
        text: the sentence.
        quoted: (n_chars,) 1 where a character stands inside quotation marks.
    """
    cues = [
        Cue(m.start(), m.end(), m[0].strip(" ,").casefold(), False, before_name=True)
        for m in _BEFORE_NAME.finditer(text)
        if not quoted[m.start()]
    ]
    label = _LABEL.match(text)
    if label is not None:
        cues.append(Cue(label.end(), label.end() + 1, COLON, False))
    previous = ""
    for match in _WORD.finditer(text):
        word = match[0].casefold()
        lemma = FORMS.get(word)
        if lemma is not None and not quoted[match.start()] and _is_verb(text, match, lemma, previous):
            cues.append(Cue(match.start(), match.end(), lemma, _vouches(text, match.end(), lemma)))
        elif word == "pointed" and text[match.end() : match.end() + 4] == " out":
            cues.append(Cue(match.start(), match.end() + 4, "point out", True))
        previous = word
    return sorted(cues, key=lambda cue: cue.start)


def _is_verb(text: str, match: re.Match[str], lemma: str, previous: str) -> bool:
    """Whether a word that looks like a cue verb is one here: no noun, no passive, with a clause where it needs one."""
    if previous in _NO_VERB_AFTER:
        return False
    if match[0][0].isupper() and match.start() > 0:
        return False
    if lemma not in _WITH_CLAUSE:
        return True
    before = text[: match.start()].rstrip()
    return _CLAUSE.match(text, match.end()) is not None or before.endswith((",", "”", '"', "’", "»"))


def _vouches(text: str, end: int, lemma: str) -> bool:
    if lemma in _ACTS:
        return re.match(r"\s+(?:that|:|,|it|he|she|they)\b|\s*[:,\"“]", text[end:]) is None
    return lemma in FACTIVE


def is_hedged(text: str) -> bool:
    """Whether a bare hedge ("reportedly", "is said to") hides a source."""
    return _HEDGE.search(text) is not None
