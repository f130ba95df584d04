"""Wire copy: near copies get one cluster, identical articles are labelled once, and rows stay what they were."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from sayso.batch.copies import CLUSTER, MIN_SIMILARITY, Clusters, label_once, word_runs
from sayso.model.labeller import LabelledArticle, Labeller, LabelSettings
from sayso.model.readers.settings import Failure
from sayso.model.records import Article

pytest.importorskip("rensa", reason="finding copies needs the extra dedup")


def _story(seed: int, n_paragraphs: int = 12) -> list[str]:
    """Paragraphs of 40 invented words."""
    dice = random.Random(seed)
    return [" ".join(f"w{dice.randrange(5000)}" for _ in range(40)) for _ in range(n_paragraphs)]


def _clusters(texts: list[str]) -> list[str]:
    articles = [Article(str(number), text) for number, text in enumerate(texts)]
    return [a.extra[CLUSTER] for a in Clusters().mark(articles) if isinstance(a, Article)]


def test_similarity_by_hand() -> None:
    # Runs of five words: "a b c d e f" has two, and so has "b c d e f g"; they share one of three.
    assert word_runs("A b, c d e f!") == ["a b c d e", "b c d e f"]
    first, second = set(word_runs("a b c d e f")), set(word_runs("b c d e f g"))
    assert len(first & second) / len(first | second) == 1 / 3
    assert word_runs("Too short.") == ["too short"]


def test_reprints_share_a_cluster_and_other_stories_do_not() -> None:
    story, other = _story(1), _story(2)
    texts = [
        "\n".join(story),
        "\n".join(other),
        "BELGOROD (Wire) - \n" + "\n".join(story).upper(),  # another dateline and case
        "\n".join(story[:9]),  # a quarter cut: similarity 0.75
        "\n".join(story[:4]),  # a brief: similarity 0.33
        "\n".join(other),
        "\n".join(story[:2] + other[2:]),  # mostly the other story
    ]
    assert _clusters(texts) == ["0", "1", "0", "0", "4", "1", "1"]
    assert 0.33 < MIN_SIMILARITY < 0.75


def test_an_input_column_of_that_name_is_kept_under_another() -> None:
    (marked,) = Clusters().mark([Article("a", "One story.", extra={"cluster": 7, "desk": "x"})])
    assert isinstance(marked, Article)
    assert marked.extra == {"input_cluster": 7, "desk": "x", "cluster": "a"}


def _articles(texts: str) -> list[Article | Failure]:
    """One article a letter, equal letters the same text; a dot is a failure."""
    return [
        Failure(str(number), "x", "unreadable")
        if letter == "."
        else Article(str(number), f"The {letter} said the village burned. Kyiv denied it.", extra={"n": number})
        for number, letter in enumerate(texts)
    ]


@pytest.mark.parametrize("texts", ["", "a", "aaaa", "abab", "a.a.b", "..", "abcabcabcaaa", "aab.baacc"])
@pytest.mark.parametrize("n_threads", [1, 2])
def test_identical_articles_are_labelled_once_and_get_the_same_rows(
    texts: str, n_threads: int, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labeller = Labeller.load(tiny_model, LabelSettings(min_confidence=0.5), n_threads=n_threads)
    expected = list(labeller.label(_articles(texts)))
    seen = []
    start = labeller.start
    monkeypatch.setattr(labeller, "start", lambda article: seen.append(article.text) or start(article))
    assert list(label_once(labeller, _articles(texts))) == expected
    assert len(seen) == len(set(texts) - {"."})
    labeller.close()


def test_what_memory_cannot_keep_is_labelled_again(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sayso.batch.copies._KEPT_BYTES", 0)
    labeller = Labeller.load(tiny_model, n_threads=1)
    outcomes = list(label_once(labeller, _articles("abab")))
    assert outcomes == list(labeller.label(_articles("abab")))
    assert all(isinstance(outcome, LabelledArticle) for outcome in outcomes)
