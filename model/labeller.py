"""The labeller: article in, labelled rows out. Users and the final scores both go through it.

Windows are computed in a pool of threads, each of which runs the model on one core; the calling thread reads, splits
and tokenises the articles that come next meanwhile. Every window is computed by itself, so rows do not depend on how
many threads there are.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import ParamSpec, TypeVar

import numpy as np

from .checkpoint import ModelConfig, check_digests, load_tokenizer, read_config, shipped_model
from .errors import ArticleError, SchemeError
from .evidence import article_evidence
from .readers.settings import Failure
from .records import Article, LabelledSentence, Sentence
from .scheme import Scheme
from .scorer import ArticleScores, PendingScores, Runner, Scorer, probabilities
from .sentences import segment
from .windows import WindowBuilder

#: Decimal places of probabilities in rows: more would be noise, and would differ between machines.
P_DIGITS = 4
#: Windows that wait for a thread, for each thread: enough that none ever waits for the splitter.
_QUEUED = 4

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class LabelSettings:
    """How articles are labelled.

    Attributes:
        keep_boilerplate: label adverts, menus and the like too.
        min_confidence: rows whose less certain label has a lower probability are marked `abstained`; 0 marks none.
        evidence: give the spans of source, cue and content.
        scheme: whose speakers are asked for; None for those that the model was trained for. Speakers of another study
            are known by their descriptions and aliases alone, and the probabilities are not calibrated for them.
    """

    keep_boilerplate: bool = False
    min_confidence: float = 0.0
    evidence: bool = True
    scheme: Scheme | None = None


@dataclass(frozen=True, slots=True)
class LabelledArticle:
    """An article's rows, and what was left out on the way.

    Attributes:
        article: what was labelled.
        rows: in order.
        boilerplate: sentences judged to be no text of the article, left out unless they were to be kept.
        n_truncated: tokens of over-long sentences that the model did not see.
    """

    article: Article
    rows: tuple[LabelledSentence, ...]
    boilerplate: tuple[Sentence, ...]
    n_truncated: int


class _Inline(Executor):
    """A pool without threads: computes in the calling one."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # the future hands it on
            future.set_exception(error)
        return future


class PendingArticle:
    """An article whose windows are being computed.

    Attributes:
        article: what is labelled.
        n_batches: how many pieces of work its windows are.
    """

    def __init__(
        self,
        article: Article,
        boilerplate: tuple[Sentence, ...],
        scores: PendingScores,
        rows: Callable[[Article, ArticleScores], Iterator[LabelledSentence]],
    ) -> None:
        self.article = article
        self.n_batches = scores.n_batches
        self._boilerplate = boilerplate
        self._scores = scores
        self._rows = rows

    def result(self) -> LabelledArticle:
        """Wait for the rows."""
        scores = self._scores.result()
        return LabelledArticle(
            self.article, tuple(self._rows(self.article, scores)), self._boilerplate, scores.n_truncated
        )


class Labeller:
    """Labels articles with one model.

    Args:
        config: the model's configuration.
        scorer: computes raw scores.
        settings: how articles are labelled.
        n_threads: windows computed at the same time, 1 or more.
    """

    def __init__(
        self, config: ModelConfig, scorer: Scorer, settings: LabelSettings | None = None, *, n_threads: int = 1
    ) -> None:
        self.config = config
        self.settings = LabelSettings() if settings is None else settings
        self.scheme = scorer.scheme
        self._scorer = scorer
        self._n_threads = n_threads
        self._pool: Executor = ThreadPoolExecutor(n_threads, "sayso-window") if n_threads > 1 else _Inline()

    @classmethod
    def load(
        cls, folder: Path | str | None = None, settings: LabelSettings | None = None, *, n_threads: int | None = None
    ) -> Labeller:
        """Load a model folder, by default the shipped one.

        Args:
            folder: a model folder.
            settings: how articles are labelled.
            n_threads: windows computed at the same time; None for as many as there are cores.

        Raises:
            ModelFolderError: the folder is not whole, was changed, or is of an unknown version.
            SchemeError: the settings ask for a scheme whose stances the model does not know.
        """
        from .runtime import OnnxRunner

        place = shipped_model() if folder is None else Path(folder)
        config = read_config(place)
        with ThreadPoolExecutor(1) as pool:
            # Nearly all of a cold start is spent here, outside Python: the files are checked while they are unpacked.
            runner = pool.submit(OnnxRunner, place, 1)
            check_digests(place, config)
            builder = WindowBuilder(load_tokenizer(place), config.window, config.encoder.special)
        n_streams = _n_cores() if n_threads is None else n_threads
        return cls.with_runner(config, builder, runner.result(), settings, n_threads=n_streams)

    @classmethod
    def with_runner(
        cls,
        config: ModelConfig,
        builder: WindowBuilder,
        runner: Runner,
        settings: LabelSettings | None = None,
        *,
        n_threads: int = 1,
    ) -> Labeller:
        """A labeller over any runner: for parity checks and tests.

        Raises:
            SchemeError: the settings ask for a scheme whose stances the model does not know.
        """
        asked = None if settings is None else settings.scheme
        scheme = config.scheme if asked is None else asked
        scorer = Scorer(builder, scheme, runner, _known(scheme, config.scheme))
        return cls(config, scorer, settings, n_threads=n_threads)

    def label_text(self, text: str, *, article: str = "text") -> tuple[LabelledSentence, ...]:
        """Label one text."""
        return self.label_article(Article(article, text)).rows

    def label_article(self, article: Article) -> LabelledArticle:
        """Label one article.

        Raises:
            ArticleError: it has no sentence.
        """
        return self.start(article).result()

    def start(self, article: Article) -> PendingArticle:
        """Split and tokenise one article here, and hand its windows to the threads.

        Raises:
            ArticleError: it has no sentence.
        """
        segmentation = segment(article.text)
        kept = segmentation.sentences if self.settings.keep_boilerplate else segmentation.kept
        boilerplate = tuple(s for s in segmentation.sentences if s.sentence in segmentation.boilerplate)
        if not kept:
            raise ArticleError(
                "no sentence to label",
                expected="text",
                found="nothing but boilerplate" if boilerplate else "an empty text",
                hint="use --keep-boilerplate to label it all the same" if boilerplate else "",
            )
        scores = self._scorer.start(self._scorer.encode(article.text, kept), self._pool)
        return PendingArticle(article, boilerplate, scores, self._rows)

    def label(self, articles: Iterable[Article | Failure]) -> Iterator[LabelledArticle | Failure]:
        """Label articles in order, reading ahead of the model by a few windows.

        Args:
            articles: what `read_articles` yields; failures are passed on.

        Yields:
            One outcome for each article; one that fails yields its failure and stops nobody.
        """
        waiting: deque[PendingArticle | Failure] = deque()
        n_ahead = _QUEUED * self._n_threads if self._n_threads > 1 else 0
        for article in articles:
            waiting.append(article if isinstance(article, Failure) else self._started(article))
            while waiting and (isinstance(waiting[0], Failure) or _n_batches(waiting) > n_ahead):
                yield _finished(waiting.popleft())
        while waiting:
            yield _finished(waiting.popleft())

    def _started(self, article: Article) -> PendingArticle | Failure:
        try:
            return self.start(article)
        except Exception as error:  # a fault of ours that one article brings to light must not cost the others
            return failure_of(article, error)

    def close(self) -> None:
        """Stop the threads; windows that nobody has begun to compute are dropped."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def label_sentences(self, article: Article, sentences: Sequence[Sentence]) -> tuple[LabelledSentence, ...]:
        """Label given sentences of an article: to compare with gold rows, whose sentences are decided."""
        pending = self._scorer.start(self._scorer.encode(article.text, sentences), self._pool)
        return tuple(self._rows(article, pending.result()))

    def _rows(self, article: Article, scores: ArticleScores) -> Iterator[LabelledSentence]:
        speaker = probabilities(scores.speaker, self.config.temperatures["speaker"])
        stance = probabilities(scores.stance, self.config.temperatures["stance"])
        evidence = article_evidence(article.text, scores) if self.settings.evidence else None
        speakers, stances = self.scheme.speaker_ids, self.scheme.stance_ids
        for i, sentence in enumerate(scores.encoded.sentences):
            best_speaker, best_stance = int(np.argmax(speaker[i])), int(np.argmax(stance[i]))
            extra = article.own_columns
            if self.settings.min_confidence > 0:
                sure = min(float(speaker[i, best_speaker]), float(stance[i, best_stance]))
                extra["abstained"] = sure < self.settings.min_confidence
            yield LabelledSentence(
                article=article.id,
                paragraph=sentence.paragraph,
                sentence=sentence.sentence,
                start=sentence.start,
                end=sentence.end,
                text=sentence.text,
                speaker=speakers[best_speaker],
                stance=stances[best_stance],
                outlet=article.outlet,
                date=article.date,
                speaker_p=round(float(speaker[i, best_speaker]), P_DIGITS),
                stance_p=round(float(stance[i, best_stance]), P_DIGITS),
                probabilities={
                    "speaker": {s: round(float(p), P_DIGITS) for s, p in zip(speakers, speaker[i], strict=True)},
                    "stance": {s: round(float(p), P_DIGITS) for s, p in zip(stances, stance[i], strict=True)},
                },
                evidence=None if evidence is None else evidence[i],
                extra=extra,
            )


def _known(scheme: Scheme, trained: Scheme) -> tuple[str, ...]:
    """The speakers that have a class of their own in a network trained for `trained`.

    In training either every speaker has its class or none: one name in common does not make a known scheme.

    Raises:
        SchemeError: the stances are others.
    """
    if scheme.stance_ids != trained.stance_ids:
        raise SchemeError(
            f"the model does not know the stances of scheme {scheme.name}",
            expected=", ".join(trained.stance_ids),
            found=", ".join(scheme.stance_ids),
            hint="give the scheme these stances, or train a model on sentences labelled with yours",
        )
    return trained.speaker_ids if set(scheme.speaker_ids) == set(trained.speaker_ids) else ()


def _n_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)


def _n_batches(waiting: Iterable[PendingArticle | Failure]) -> int:
    # A failure counts as one, so that a run of them does not pile up behind an article that is being computed.
    return sum(one.n_batches if isinstance(one, PendingArticle) else 1 for one in waiting)


def _finished(pending: PendingArticle | Failure) -> LabelledArticle | Failure:
    if isinstance(pending, Failure):
        return pending
    try:
        return pending.result()
    except Exception as error:  # as in `_started`
        return failure_of(pending.article, error)


def failure_of(article: Article, error: Exception) -> Failure:
    """What is told of an article that brought an error to light."""
    if isinstance(error, ArticleError):
        reason = error.one_line()
    else:
        reason = f"a fault of sayso: {type(error).__name__}: {' '.join(str(error).split())}"
    return Failure(article.id, f"article {article.id}", reason)
