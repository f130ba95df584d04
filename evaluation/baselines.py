"""Models that know little, to see what a model is worth: a majority guess, and words counted (TF-IDF).

Each learns from gold articles and then labels sentences like any other model. The rule of cue verbs and names, which
learns nothing, is in `rule`; an encoder fine-tuned on single sentences, which needs torch, in `finetuned`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..model.errors import RowError, SaysoError
from ..model.records import Article, LabelledSentence, Sentence
from ..model.scheme import Scheme
from .gold import GoldArticle


class Majority:
    """Gives every sentence the most frequent label of each head.

    Args:
        gold: articles to learn from.
        scheme: whose labels they have.

    Raises:
        RowError: the gold names no speakers.
    """

    def __init__(self, gold: Sequence[GoldArticle], scheme: Scheme) -> None:
        self.scheme = scheme
        rows = rows_to_learn(gold)
        self._speaker = Counter(row.speaker for row in rows).most_common(1)[0][0]
        self._stance = Counter(row.stance for row in rows).most_common(1)[0][0]

    def label_sentences(self, article: Article, sentences: Sequence[Sentence]) -> tuple[LabelledSentence, ...]:
        """Label sentences of an article."""
        return tuple(plain_row(article, s, self._speaker, self._stance) for s in sentences)


class TfIdf:
    """Logistic regression on TF-IDF of each sentence's words and pairs of words, one classifier a head.

    Args:
        gold: articles to learn from.
        scheme: whose labels they have.
        seed: of the solver.

    Raises:
        RowError: the gold names no speakers, or is too little to learn from.
        SaysoError: scikit-learn is not installed.
    """

    def __init__(self, gold: Sequence[GoldArticle], scheme: Scheme, seed: int = 0) -> None:
        try:
            from sklearn.feature_extraction.text import TfidfVectorizer
            from sklearn.linear_model import LogisticRegression
        except ModuleNotFoundError as error:
            raise SaysoError(
                "the TF-IDF baseline needs scikit-learn", found=str(error), hint="pip install 'sayso[evaluate]'"
            ) from None
        self.scheme = scheme
        rows = rows_to_learn(gold)
        # Quotation marks are tokens: they say more about stance than any word.
        self._words: Any = TfidfVectorizer(
            ngram_range=(1, 2), sublinear_tf=True, min_df=2, token_pattern=r"(?u)\b\w+\b|[\"“”«»‘’:?]"
        )
        self._heads: dict[str, Any] = {}
        try:
            features = self._words.fit_transform([row.text for row in rows])
            for head in ("speaker", "stance"):
                classifier: Any = LogisticRegression(C=10.0, class_weight="balanced", max_iter=1000, random_state=seed)
                self._heads[head] = classifier.fit(features, [getattr(row, head) for row in rows])
        except ValueError as error:  # one label only, or no word that stands there twice
            raise RowError(
                "TF-IDF cannot learn from these labels",
                expected="sentences of two labels or more",
                found=f"{len(rows)} sentences; {str(error).splitlines()[0]}",
                hint="name more of them with --train",
            ) from None

    def label_sentences(self, article: Article, sentences: Sequence[Sentence]) -> tuple[LabelledSentence, ...]:
        """Label sentences of an article."""
        features = self._words.transform([s.text for s in sentences])
        p = {head: self._probabilities(head, features) for head in ("speaker", "stance")}
        return tuple(scored_rows(article, sentences, self.scheme, p["speaker"], p["stance"]))

    def _probabilities(self, head: str, features: object) -> NDArray[np.float64]:
        """(n_sentences, n_labels) in the scheme's order; 0 for labels that the training articles lack."""
        labels = self.scheme.speaker_ids if head == "speaker" else self.scheme.stance_ids
        classifier = self._heads[head]
        found = classifier.predict_proba(features)
        p = np.zeros((len(found), len(labels)))
        for column, label in enumerate(classifier.classes_):
            p[:, labels.index(label)] = found[:, column]
        return p


def rows_to_learn(gold: Sequence[GoldArticle]) -> list[LabelledSentence]:
    """All sentences of articles whose gold names speakers.

    Raises:
        RowError: it does not, as PolNeAR's.
    """
    unnamed = next((article for article in gold if not article.knows_speakers), None)
    if unnamed is not None:
        raise RowError(
            f"a baseline cannot learn from {unnamed.gold}",
            expected="labels that name speakers",
            found="attributed or not",
            hint="name other labels with --train",
        )
    return [row for article in gold for row in article.rows]


def plain_row(article: Article, sentence: Sentence, speaker: str, stance: str) -> LabelledSentence:
    """A row without probabilities."""
    s = sentence
    return LabelledSentence(
        article.id, s.paragraph, s.sentence, s.start, s.end, s.text, speaker, stance, article.outlet, article.date
    )


def scored_rows(
    article: Article,
    sentences: Sequence[Sentence],
    scheme: Scheme,
    speaker: NDArray[np.float64],
    stance: NDArray[np.float64],
) -> Iterator[LabelledSentence]:
    """Rows with the most probable labels.

    Args:
        article: theirs.
        sentences: in order.
        scheme: gives the labels' names.
        speaker: (n_sentences, n_speakers) probabilities.
        stance: (n_sentences, n_stances) probabilities.
    """
    for s, p_speaker, p_stance in zip(sentences, speaker, stance, strict=True):
        i, k = int(p_speaker.argmax()), int(p_stance.argmax())
        yield LabelledSentence(
            article.id,
            s.paragraph,
            s.sentence,
            s.start,
            s.end,
            s.text,
            scheme.speaker_ids[i],
            scheme.stance_ids[k],
            article.outlet,
            article.date,
            speaker_p=float(p_speaker[i]),
            stance_p=float(p_stance[k]),
            probabilities={
                "speaker": dict(zip(scheme.speaker_ids, map(float, p_speaker), strict=True)),
                "stance": dict(zip(scheme.stance_ids, map(float, p_stance), strict=True)),
            },
        )
