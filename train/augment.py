"""Changes to a training article that must not change what is learned from it.

Each is drawn anew in every epoch, from a generator that depends only on seed, epoch and article.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..model.mentions import Mention
from ..model.paragraphs import paragraph_spans
from ..model.quotation import find_quotations
from ..model.records import Sentence
from ..model.scheme import Scheme
from ..model.sentences import quotation_state
from .examples import TrainingArticle

# Opening and closing marks of one character each, so that offsets stay: of quotations, and of those inside them.
_QUOTE_STYLES = (('""', "‘’"), ("‘’", "“”"), ("«»", "‘’"), ("“”", "‘’"))
_SINGLE = frozenset("'‘’‚‛‹›")

# How surnames of Russia and its neighbours end in English spelling: other studies' people are hardly ever renamed.
_SURNAME_ENDING = re.compile(
    r"(ov|ev|in|yn|sky|skyi|skiy|ko|uk|chuk|ak|yak|yov|ova|eva|ina|iy|yi|off|dze|ian|ets|enko)$"
)

# Surnames for people who do not exist, of many shapes, so that a name alone says little.
INVENTED_SURNAMES: tuple[str, ...] = (
    *("Abalmasov", "Ardashev", "Belyavin", "Bortko", "Chelnokov", "Dergunov", "Dorogan", "Fadeyenko", "Galstyan"),
    *("Gorobchuk", "Hladun", "Horbenko", "Ilyashev", "Kalamarenko", "Karelov", "Khmara", "Kolodiy", "Kravchun"),
    *("Lapshov", "Lisnyak", "Malakhin", "Merezhko", "Mokrousov", "Nedilko", "Oborin", "Ostrenko", "Panasyan"),
    *("Perehuda", "Polishchuk", "Ragulin", "Rohoza", "Rybalov", "Samusev", "Sheludko", "Sirotkin", "Stelmashenko"),
    *("Sukhorebrov", "Tarasyuk", "Tkachuk", "Tolmachin", "Uvarenko", "Vakulin", "Verbovyi", "Volynets", "Yakimchuk"),
    *("Yaremenko", "Zabolotny", "Zakharchenko", "Zhilenkov", "Zubarev", "Aldous", "Barreto", "Castellan", "Dunmore"),
    *("Eklund", "Ferrante", "Hallworth", "Ingersoll", "Jankowiak", "Lindqvist", "Marchetti", "Oduya", "Pelletier"),
)


@dataclass(frozen=True, slots=True)
class Augmentation:
    """How often each change is made, as probabilities, 0 to 1.

    Attributes:
        names: a listed person's surname becomes an invented one throughout the article.
        quotes: the article's quotation marks become those of another style.
        drop_mentions: the article's mention marks are all dropped.
        drop_mention: a single mention mark is dropped.
        drop_speaker: a speaker of the scheme is not prompted; its sentences become the rest's.
        shuffle: the speakers are prompted in another order.
        drop_token: a token is hidden.
        paragraphs: the article's paragraphs become others, mostly of one or two sentences.
        unknown: the speakers are prompted as if the network had never met them, so that it reads their descriptions
            and names; a study that brings its own speakers is labelled so.
        generic: only "any source" and the outlet are prompted.
    """

    names: float = 0.25
    quotes: float = 0.3
    drop_mentions: float = 0.25
    drop_mention: float = 0.15
    drop_speaker: float = 0.1
    shuffle: float = 0.5
    drop_token: float = 0.03
    paragraphs: float = 0.0
    unknown: float = 0.0
    generic: float = 0.0


def restyle_quotes(article: TrainingArticle, rng: np.random.Generator) -> TrainingArticle:
    """The article with quotation marks of another style; every offset stays."""
    outer, inner = _QUOTE_STYLES[int(rng.integers(len(_QUOTE_STYLES)))]
    marks = find_quotations(article.text, paragraph_spans(article.text)).marks
    text = list(article.text)
    for mark in marks:
        # What the article quotes first it quotes itself; marks of the other kind stand inside those.
        is_outer = (article.text[mark.start] in _SINGLE) == (article.text[marks[0].start] in _SINGLE)
        if mark.end - mark.start == 1:
            text[mark.start] = (outer if is_outer else inner)[0 if mark.opens else 1]
    return _retext(article, "".join(text))


def _retext(article: TrainingArticle, text: str) -> TrainingArticle:
    sentences = tuple(replace(s, text=text[s.start : s.end]) for s in article.sentences)
    return replace(article, text=text, sentences=sentences)


def rename(
    article: TrainingArticle, mentions: Sequence[Mention], surnames: frozenset[str], rng: np.random.Generator
) -> TrainingArticle:
    """The article with each surname among the mentions replaced throughout by an invented one.

    Given names stay: "Igor Konashenkov" and "Konashenkov" get the same new surname. Only articles without token tags
    or source spans can be renamed (their offsets move).

    Args:
        article: to be changed.
        mentions: of the scheme's speakers in its text.
        surnames: those that may be replaced, from `surnames_of`.
        rng: draws the new ones.
    """
    invented: dict[str, str] = {}
    for mention in mentions:
        words = article.text[mention.start : mention.end].split()
        if len(words) <= 2 and words[-1] in surnames:
            invented.setdefault(words[-1], "")
    if not invented:
        return article
    chosen = rng.choice(len(INVENTED_SURNAMES), size=min(len(invented), len(INVENTED_SURNAMES)), replace=False)
    for surname, number in zip(list(invented), chosen, strict=False):
        invented[surname] = INVENTED_SURNAMES[int(number)]
    pattern = re.compile(r"\b(" + "|".join(re.escape(s) for s in invented if invented[s]) + r")\b")
    return relaid(article, [pattern.sub(lambda m: invented[m[1]], s.text) for s in article.sentences])


def surnames_of(scheme: Scheme) -> frozenset[str]:
    """The surnames among a scheme's aliases that an article can lose without losing whose word its sentences are.

    An alias of one word, or the last word of an alias of two, counts if all of this holds:
    - its speaker has persons: somebody is listed by given name and surname;
    - it ends as surnames do (`_SURNAME_ENDING`), which towns and institutions of one word mostly do not;
    - the scheme says it nowhere else: not in its title, in a name, in a description, or in the middle of an alias.
      What the prompt names, the text must go on naming, and what stands in other aliases is more than a surname.
    """
    spoken = [scheme.title, *(s.name for s in scheme.speakers), *(s.description for s in scheme.speakers)]
    found: set[str] = set()
    for speaker in scheme.speakers:
        parts = [alias.split() for alias in speaker.aliases]
        spoken += [" ".join(words if len(words) > 2 else words[:-1]) for words in parts]
        last = {words[-1] for words in parts if len(words) <= 2}
        if any(len(words) == 2 and words[0].istitle() and _is_surname(words[1]) for words in parts):
            found |= {word for word in last if _is_surname(word)}
    return frozenset(found - set(re.findall(r"\w+", " ".join(spoken))))


def _is_surname(word: str) -> bool:
    return word.istitle() and word.isalpha() and _SURNAME_ENDING.search(word) is not None


def reparagraph(article: TrainingArticle, rng: np.random.Generator) -> TrainingArticle:
    """The article cut into paragraphs anew: each sentence opens one with a probability drawn for the article.

    The headline stays alone, and a quotation over several sentences stays whole. Only articles without token tags or
    source spans can be cut anew (their offsets move).
    """
    opens_at = float(rng.uniform(0.4, 0.95))
    quoted = quotation_state(article.text)
    sentences: list[Sentence] = []
    paragraph = 0
    for i, sentence in enumerate(article.sentences):
        if i == 0 or (sentence.paragraph == 0 and article.sentences[i - 1].paragraph == 0):
            number = sentence.paragraph
        else:
            inside = bool(quoted[sentence.start]) and article.text[sentence.start] not in "\"“‘«„'"
            fresh = article.sentences[i - 1].paragraph == 0 or (not inside and rng.random() < opens_at)
            number = paragraph + 1 if fresh else paragraph
        paragraph = number
        sentences.append(replace(sentence, paragraph=number))
    return relaid(replace(article, sentences=tuple(sentences)), [s.text for s in sentences])


def relaid(article: TrainingArticle, texts: Sequence[str]) -> TrainingArticle:
    """The article with these sentence texts, laid out anew."""
    text = ""
    sentences: list[Sentence] = []
    for i, (sentence, new) in enumerate(zip(article.sentences, texts, strict=True)):
        if i:
            text += " " if sentence.paragraph == article.sentences[i - 1].paragraph else "\n\n"
        sentences.append(Sentence(sentence.paragraph, sentence.sentence, len(text), len(text) + len(new), new))
        text += new
    return replace(article, text=text, sentences=tuple(sentences))
