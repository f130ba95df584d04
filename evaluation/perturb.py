"""Changes to gold articles that should not change their labels: what news looks like when it is less tidy.

Each change works sentence by sentence, so that every sentence keeps its labels. One of them is not quite innocent: by
the codebook quotation marks win over a factive verb, so that without marks a few labels would be others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from ..model.mentions import AliasMatcher, Mention
from ..model.paragraphs import paragraph_spans
from ..model.quotation import find_quotations
from ..model.records import LabelledSentence
from ..model.scheme import Scheme
from ..train.examples import article_text
from .gold import GoldArticle

#: Share of the longer words that get a typing mistake.
TYPO_SHARE = 0.05
_LONG_WORD = re.compile(r"\b[^\W\d_]{5,}\b")
_DOUBLE = frozenset('"“”„‟«»＂')
# First words of two-word aliases that are no given names: "State Duma".
_NO_GIVEN_NAME = frozenset({"state", "national", "federal", "supreme", "security", "foreign", "central", "general"})
#: Surnames that nobody in the news of this war bears, none of them among those that training invents.
_INVENTED = (
    *("Adamchik", "Bereznov", "Chaplya", "Drozhin", "Fesyak", "Galaburda", "Hrynchuk", "Ivashenin", "Karpukha"),
    *("Lebedchuk", "Misharov", "Novosyad", "Orlenko", "Prykhodin", "Romashev", "Stadnikov", "Tverdohlib", "Ushkalo"),
    *("Vasylchin", "Yarmolin", "Zhovtenko", "Berkshaw", "Colvane", "Dettmar", "Fjelstad", "Greaveson", "Hartigny"),
)


def retexted(gold: GoldArticle, texts: Sequence[str]) -> GoldArticle:
    """The article with these texts of all that is read, laid out anew; its spans, which would not fit now, are gone."""
    return _laid_out(gold, [replace(row, text=text) for row, text in zip(gold.read, texts, strict=True)])


def _laid_out(gold: GoldArticle, read: Sequence[LabelledSentence]) -> GoldArticle:
    rows = [replace(row, start=0, end=0) for row in read]
    text, sentences = article_text(rows)
    placed = [replace(row, start=s.start, end=s.end) for row, s in zip(rows, sentences, strict=True)]
    labelled = tuple(row for row in placed if row.is_labelled)
    context = tuple(row for row in placed if not row.is_labelled)
    return replace(gold, article=replace(gold.article, text=text), rows=labelled, context=context, spans=None)


def swap_quotes(gold: GoldArticle, scheme: Scheme, rng: np.random.Generator) -> GoldArticle:
    """Double quotation marks become single ones and the other way about, all of them curly."""

    def swapped(mark: str, opens: bool) -> str:
        if mark[0] in _DOUBLE or len(mark) > 1:
            return "‘" if opens else "’"
        return "“" if opens else "”"

    return _requoted(gold, swapped)


def drop_quotes(gold: GoldArticle, scheme: Scheme, rng: np.random.Generator) -> GoldArticle:
    """Quotation marks are left out."""
    return _requoted(gold, lambda mark, opens: "")


def _requoted(gold: GoldArticle, new: Callable[[str, bool], str]) -> GoldArticle:
    text = gold.article.text
    marks = find_quotations(text, paragraph_spans(text)).marks
    texts = []
    for row in gold.read:
        pieces, at = [], row.start
        for mark in marks:
            if row.start <= mark.start and mark.end <= row.end:
                pieces += [text[at : mark.start], new(text[mark.start : mark.end], mark.opens)]
                at = mark.end
        texts.append("".join([*pieces, text[at : row.end]]).strip())
    # A sentence of nothing but a mark keeps it.
    return retexted(gold, [new if new else row.text for new, row in zip(texts, gold.read, strict=True)])


def capitals(gold: GoldArticle, scheme: Scheme, rng: np.random.Generator) -> GoldArticle:
    """Everything is in capitals."""
    return retexted(gold, [row.text.upper() for row in gold.read])


def typos(gold: GoldArticle, scheme: Scheme, rng: np.random.Generator) -> GoldArticle:
    """In one of twenty longer words two neighbouring letters inside it change places."""

    def mistyped(match: re.Match[str]) -> str:
        word = match[0]
        if rng.random() >= TYPO_SHARE:
            return word
        i = int(rng.integers(1, len(word) - 2))
        return word[:i] + word[i + 1] + word[i] + word[i + 2 :]

    return retexted(gold, [_LONG_WORD.sub(mistyped, row.text) for row in gold.read])


def merge_paragraphs(gold: GoldArticle, scheme: Scheme, rng: np.random.Generator) -> GoldArticle:
    """All paragraphs behind the first one, mostly the headline, become one."""
    first = gold.read[0].paragraph
    return _laid_out(gold, [row if row.paragraph == first else replace(row, paragraph=first + 1) for row in gold.read])


def rename_people(gold: GoldArticle, scheme: Scheme, rng: np.random.Generator) -> GoldArticle:
    """Every person among the scheme's aliases gets an invented name, and keeps his or her role.

    Persons are those whom the scheme lists by given name and surname. Where the sentence in which one first appears
    does not name the party by another alias, the party is put behind the invented name, in brackets: otherwise nobody
    could know whose word it is.
    """
    owners = people(scheme)
    pattern = re.compile(r"\b(?:(\w+) )?(" + "|".join(map(re.escape, owners)) + r")\b(?!\w)") if owners else None
    if pattern is None:
        return gold
    matcher = AliasMatcher(scheme.speakers)
    invented: dict[str, str] = {}
    names = list(rng.permutation(_INVENTED))
    texts = []
    for row in gold.read:
        mentions = matcher.find(row.text)
        pieces, at = [], 0
        for match in pattern.finditer(row.text):
            start = match.start(1) if _is_given(match, scheme) else match.start(2)
            surname = match[2]
            fresh = surname not in invented
            if fresh:
                invented[surname] = str(names[len(invented) % len(names)])
            told = any(m.speaker == owners[surname] and not _covers(m, match) for m in mentions)
            possessive = row.text[match.end() : match.end() + 1] in {"'", "’"}
            role = f" ({_role(scheme, owners[surname])})" if fresh and not told and not possessive else ""
            pieces += [row.text[at:start], invented[surname] + role]
            at = match.end()
        texts.append("".join([*pieces, row.text[at:]]))
    return retexted(gold, texts)


def people(scheme: Scheme) -> dict[str, str]:
    """Surname to speaker, of every person whom the scheme lists by given name and surname."""
    found = {}
    for speaker in scheme.speakers:
        for alias in speaker.aliases:
            given, _, surname = alias.partition(" ")
            if (
                surname in speaker.aliases
                and surname.istitle()
                and given.istitle()
                and given.casefold() not in _NO_GIVEN_NAME
            ):
                found[surname] = speaker.id
    return found


def _is_given(match: re.Match[str], scheme: Scheme) -> bool:
    known = {alias for speaker in scheme.speakers for alias in speaker.aliases}
    return match[1] is not None and f"{match[1]} {match[2]}" in known


def _covers(mention: Mention, match: re.Match[str]) -> bool:
    return mention.start < match.end() and match.start(2) < mention.end


def _role(scheme: Scheme, speaker_id: str) -> str:
    """The first alias of a speaker that is no person's name, or the speaker's own name."""
    speaker = scheme.speaker(speaker_id)
    persons = people(scheme)
    plain = [alias for alias in speaker.aliases if alias.split()[-1] not in persons]
    return plain[0] if plain else speaker.name


Change = Callable[[GoldArticle, Scheme, np.random.Generator], GoldArticle]
#: What `sayso evaluate --robustness` tries, in order.
CHANGES: Mapping[str, Change] = {
    "quotation marks swapped": swap_quotes,
    "quotation marks dropped": drop_quotes,
    "names invented": rename_people,
    "all capitals": capitals,
    "typing mistakes": typos,
    "paragraphs merged": merge_paragraphs,
}
