"""How well a classifier tells our text from real news: 0.5 is not at all, 1 is always.

The idea is the classifier two-sample test (Lopez-Paz and Oquab, 2017): what a plain classifier cannot tell apart is
alike, and its largest weights say where the two are not.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..model.errors import RowError, SaysoError
from .measures import CUES
from .views import View

N_FOLDS = 5
#: Features shown on each side.
N_SHOWN = 15
_TOKEN = re.compile(r"\d[\d.,:]*|[^\W\d_]+(?:'[^\W\d_]+)*|[^\w\s]")
_QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‘": "'", "’": "'", "‚": "'"})
_ENDINGS = ("ing", "ed", "ly", "tion", "s")


@dataclass(frozen=True, slots=True)
class Skill:
    """What a classifier could tell.

    Attributes:
        features: `words` or `form`.
        by_sentence: area under the ROC curve of single sentences, the mean over folds, 0.5 to 1 if it learned at all.
        by_sentence_sd: its standard deviation over the folds.
        by_article: the same of articles, each by the mean score of its sentences.
        ours: features that speak for the first group, the strongest first.
        theirs: features that speak for the second.
    """

    features: str
    by_sentence: float
    by_sentence_sd: float
    by_article: float
    ours: tuple[str, ...]
    theirs: tuple[str, ...]


def tell_apart(ours: Sequence[View], theirs: Sequence[View], features: str, seed: int = 0) -> Skill:
    """Cross-validate logistic regression on TF-IDF; no article is on both sides of a fold.

    Args:
        ours: at least N_FOLDS articles.
        theirs: at least N_FOLDS articles.
        features: `words` (one or two words in a row: topic, names, taste) or `form` (up to three function words, verbs
            of speech, marks and shapes of the other words in a row: no topic).
        seed: of the folds.

    Raises:
        RowError: there are too few articles for the folds.
        SaysoError: scikit-learn is not installed.
    """
    if min(len(ours), len(theirs)) < N_FOLDS:
        raise RowError(
            "too few articles to tell one collection from the other",
            expected=f"at least {N_FOLDS} in each",
            found=f"{len(ours)} and {len(theirs)}",
        )
    try:
        from sklearn.metrics import roc_auc_score
        from sklearn.model_selection import StratifiedGroupKFold
    except ModuleNotFoundError as error:
        raise SaysoError(
            "telling two collections apart needs scikit-learn",
            found=str(error),
            hint="pip install 'sayso[evaluate]'",
        ) from None

    views = [*ours, *theirs]
    texts = [s.text for view in views for s in view.sentences]
    article = np.repeat(np.arange(len(views)), [len(view.sentences) for view in views])
    is_ours = article < len(ours)
    scores = np.zeros(len(texts))
    aucs, article_aucs = [], []
    folds = StratifiedGroupKFold(N_FOLDS, shuffle=True, random_state=seed)
    for train, test in folds.split(texts, is_ours, article):
        pipeline = _pipeline(features)
        pipeline.fit([texts[i] for i in train], is_ours[train])
        scores[test] = pipeline.decision_function([texts[i] for i in test])
        aucs.append(roc_auc_score(is_ours[test], scores[test]))
        held = np.unique(article[test])
        means = [scores[article == a].mean() for a in held]
        article_aucs.append(roc_auc_score(held < len(ours), means))
    strongest = _strongest(_pipeline(features).fit(texts, is_ours))
    return Skill(features, float(np.mean(aucs)), float(np.std(aucs)), float(np.mean(article_aucs)), *strongest)


def _pipeline(features: str) -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    if features == "words":
        vectors = TfidfVectorizer(preprocessor=_plain, ngram_range=(1, 2), min_df=3, sublinear_tf=True)
    else:
        vectors = TfidfVectorizer(
            preprocessor=_plain, tokenizer=shapes, token_pattern=None, ngram_range=(1, 3), min_df=5, sublinear_tf=True
        )
    return make_pipeline(vectors, LogisticRegression(C=1.0, class_weight="balanced", max_iter=200))


def _plain(text: str) -> str:
    """The text with one kind of quotation marks and dashes, which are a matter of typesetting; case stays."""
    return text.translate(_QUOTES).replace("—", "–").replace(" - ", " – ")


def shapes(text: str) -> list[str]:
    """Tokens of a text without its topic: function words and verbs of speech as they are, of other words the shape.

    `Xx` is a capitalised word, `XX` one in capitals, `x` any other, with its ending (`x-ed`); `0` is a number.
    """
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    return [_shape(token, ENGLISH_STOP_WORDS) for token in _TOKEN.findall(text)]


def _shape(token: str, function_words: frozenset[str]) -> str:
    lower = token.lower()
    if not token[0].isalnum() or lower in function_words or lower in CUES:
        return lower
    if token[0].isdigit():
        return "0"
    if token.isupper() and len(token) > 1:
        return "XX"
    if token[0].isupper():
        return "Xx"
    return next((f"x-{ending}" for ending in _ENDINGS if lower.endswith(ending)), "x")


def _strongest(pipeline: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    names: npt.NDArray[np.str_] = pipeline[0].get_feature_names_out()
    order = np.argsort(pipeline[1].coef_[0])
    return tuple(map(str, names[order[::-1][:N_SHOWN]])), tuple(map(str, names[order[:N_SHOWN]]))
