"""PolNeAR as training articles: attributed or not, tags of every token, and who the sources of an article are.

PolNeAR names no parties. Each article therefore becomes a little scheme of its own: some of its named sources are
speakers, the others are `other`, and what is not attributed is `outlet`. Over 840 articles, and drawn anew in each
epoch, these make thousands of schemes, and teach the network to read the prompt instead of learning six classes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..model.errors import RowError
from ..model.rowfiles import not_utf8
from ..model.sentences import segment
from .brat import Attribution, read_attributions
from .examples import Target, TrainingArticle, Voice

#: Share of a sentence's letters inside content spans from which on it is attributed.
ATTRIBUTED_SHARE = 0.5
#: Sentences with a share between this and ATTRIBUTED_SHARE are half and half: they teach little and are left out.
UNCLEAR_SHARE = 0.25

#: Stances that its labels tell apart.
STANCES = ("asserts", "reports")
OTHER, OUTLET, SOMEBODY = "other", "outlet", "somebody"
#: What the only source of a two-way scheme is called.
ANY_PROMPTS = (
    "Any source: whoever said, wrote, thought or wanted it, named or not",
    "Any source",
    "Somebody else's word",
)
_OTHER_PROMPTS = ("Any other source: witnesses, analysts, foreign states, media, unnamed", "Any other source", "Others")
OUTLET_PROMPTS = ("The outlet itself, nobody else", "The outlet, in its own voice")
#: The speakers that every article's own scheme ends with.
FIXED_VOICES = (Voice(OTHER, _OTHER_PROMPTS), Voice(OUTLET, OUTLET_PROMPTS))

# Verbs that only fit a truth: by the codebook what they introduce, outside quotation marks, is asserted, while
# PolNeAR counts it as attributed. Such sentences teach no stance.
_FACTIVE = re.compile(
    r"\b(confirm|acknowledg|admit|conced|reveal|not(?:e[sd]?|ing)\b|point\w* out|recall|discover|know|knew|show"
    r"|prov(?:e|ing)|learn|found|find|realiz|realis|disclos|announc|order|declar)",
    re.IGNORECASE,
)
_NAME = re.compile(r"(?:[A-Z][\w’'-]+|[A-Z]\.)(?:\s+(?:[A-Z][\w’'-]+|[A-Z]\.|of|de|van|bin))*")
_NO_NAME = frozenset(
    re.findall(
        r"\w+",
        "the a an he she they we i it you this that these those his her their its our my one some many most others "
        "mr mrs ms dr sen rep gov gen lt col president secretary senator congressman former republican republicans "
        "democrat democrats democratic campaign monday tuesday wednesday thursday friday saturday sunday",
    )
)


def read_polnear(folder: Path) -> Iterator[TrainingArticle]:
    """The articles of one part of PolNeAR (`train` or `dev`), by name.

    Args:
        folder: holds `text/*.txt` and `attributions/*.ann`; where several annotators read an article the first one's
            labels are taken.

    Raises:
        RowError: the folder is none of PolNeAR's, or a file in it is malformed.
    """
    texts = sorted((folder / "text").glob("*.txt"))
    if not texts:
        raise RowError(f"no PolNeAR texts in {folder}", expected="folders text/ and attributions/")
    files: dict[str, Path] = {}
    for path in sorted((folder / "attributions").glob("*.ann")):
        files.setdefault(path.stem.rpartition("_")[0], path)
    for path in texts:
        if path.stem not in files:
            raise RowError(f"{path} has no attributions", expected=f"{folder}/attributions/{path.stem}_*.ann")
        try:
            text = path.read_bytes().decode("utf-8")
        except UnicodeDecodeError:
            raise not_utf8(path) from None
        yield from_attributions(path.stem, text, read_attributions(files[path.stem], len(text)))


def from_attributions(name: str, text: str, attributions: list[Attribution]) -> TrainingArticle:
    """One article with its attributions as targets; see the module's head for what the speakers are."""
    segmentation = segment(text)
    sentences = tuple(s for s in segmentation.sentences if s.sentence not in segmentation.boilerplate)
    content = np.zeros(len(text), bool)
    for attribution in attributions:
        for start, end in attribution.content:
            content[start:end] = True
    letters = np.fromiter((not c.isspace() for c in text), bool, len(text))

    keys = [source_key(text, attribution.source) for attribution in attributions]
    targets = tuple(_target(s.start, s.end, text, content, letters, attributions, keys) for s in sentences)
    tags = tuple(
        (kind, start, end)
        for attribution in attributions
        for kind, spans in (("source", attribution.source), ("cue", attribution.cue), ("content", attribution.content))
        for start, end in spans
    )
    voices = (*_named_voices(text, attributions, keys), *FIXED_VOICES)
    return TrainingArticle(name, "polnear", text, sentences, targets, voices, tags, outlet=name.split("_")[0])


def attributed_share(start: int, end: int, content: NDArray[np.bool_], letters: NDArray[np.bool_]) -> float:
    """Share of a sentence's non-space characters that lie in content spans, 0 to 1."""
    n_letters = int(letters[start:end].sum())
    return float((content[start:end] & letters[start:end]).sum() / n_letters) if n_letters else 0.0


def source_key(text: str, source: tuple[tuple[int, int], ...]) -> str | None:
    """What a source is known by in its article: the last word of the last name in it, or None (pronouns, roles)."""
    for start, end in source:
        for match in reversed(list(_NAME.finditer(text[start:end]))):
            words = [w.strip(".’'").removesuffix("’s").removesuffix("'s") for w in match[0].split()]
            words = [w for w in words if w and w.casefold() not in _NO_NAME]
            if words and words[-1][0].isupper():
                return words[-1].casefold()
    return None


def _target(
    start: int,
    end: int,
    text: str,
    content: NDArray[np.bool_],
    letters: NDArray[np.bool_],
    attributions: list[Attribution],
    keys: list[str | None],
) -> Target:
    share = attributed_share(start, end, content, letters)
    if share < ATTRIBUTED_SHARE:
        weight = 0.0 if share > UNCLEAR_SHARE else 1.0
        return Target((OUTLET,), "asserts", weight, ())
    overlaps = [sum(max(0, min(end, b) - max(start, a)) for a, b in x.content) for x in attributions]
    main = int(np.argmax(overlaps))
    cue_text = " ".join(text[a:b] for a, b in attributions[main].cue)
    quoted = text[start] in "\"“”‘'«„" or text[start - 1 : start] in {"“", '"', "‘"}
    stance = None if _FACTIVE.search(cue_text) and not quoted else "reports"
    key = keys[main]
    return Target((key if key is not None else SOMEBODY,), stance, 1.0, attributions[main].source or None)


def _named_voices(text: str, attributions: list[Attribution], keys: list[str | None]) -> list[Voice]:
    counts = Counter(key for key in keys if key is not None)
    forms: dict[str, Counter[str]] = {}
    for attribution, key in zip(attributions, keys, strict=True):
        if key is None:
            continue
        for start, end in attribution.source:
            for match in _NAME.finditer(text[start:end]):
                words = [w for w in match[0].split() if w.casefold().strip(".") not in _NO_NAME]
                if words and words[-1].strip(".’'").removesuffix("’s").removesuffix("'s").casefold() == key:
                    form = re.sub(r"[’']s$", "", " ".join(words)).strip(" .")
                    forms.setdefault(key, Counter())[form] += 1
    voices = []
    for key, _ in counts.most_common():
        names = tuple(sorted(forms.get(key, {key: 1}), key=lambda form: (-len(form), form)))[:4]
        surname = names[0].split()[-1]
        voices.append(Voice(key, names[:2], (*names, surname)))
    return voices
