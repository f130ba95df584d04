"""Sentences in, raw scores out: the middle of the pipeline, shared by labelling, evaluation and training.

A runner computes windows (ONNX Runtime for users, torch in training); the scorer decides what the windows are, in
which order they run, and which rows of their output belong to which sentence.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from threading import Lock
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from .mentions import AliasMatcher
from .records import Sentence
from .scheme import Scheme
from .sentences import quotation_state
from .windows import Batch, EncodedArticle, Slot, Window, WindowBuilder, collate, padded_length

#: A token beside the pointer's peak belongs to the source from this share of the peak's probability on.
POINTER_SHARE = 0.2
#: A pointer that is spread over more tokens than a name with its office has names nobody: its peak alone counts.
MAX_POINTED = 24


class RawScores(NamedTuple):
    """Logits of a batch of windows; shapes as in `network.NetworkOutput`."""

    speaker: NDArray[np.float32]
    stance: NDArray[np.float32]
    tags: NDArray[np.float32]
    pointer: NDArray[np.float32]


class Runner(Protocol):
    """Computes windows; a Labeller of several threads calls it from all of them."""

    #: Tokens of a padded batch, at most; 1 means one window at a time.
    batch_tokens: int

    def run(self, batch: Batch) -> RawScores:
        """Score one batch."""
        ...


@dataclass(frozen=True, slots=True)
class ArticleScores:
    """Raw scores of one article's sentences and tokens.

    Attributes:
        encoded: the article's tokens and sentences.
        speaker: (n_sentences, n_slots) logits.
        stance: (n_sentences, n_stances) logits.
        tags: (n_tokens, n_tags) logits.
        source: (n_sentences, 2) first and last + 1 of the tokens where the sentence's source most probably stands,
            -1 for nowhere.
        source_p: (n_sentences,) probability of that, 0 to 1.
        n_truncated: tokens of over-long sentences that the network did not see.
    """

    encoded: EncodedArticle
    speaker: NDArray[np.float32]
    stance: NDArray[np.float32]
    tags: NDArray[np.float32]
    source: NDArray[np.int64]
    source_p: NDArray[np.float32]
    n_truncated: int


class Scorer:
    """Scores the sentences of articles for one scheme.

    Args:
        builder: makes windows.
        scheme: whose speakers are asked for.
        runner: computes windows.
        known: ids of the speakers that the network was trained on; None: those of the scheme.
    """

    def __init__(
        self, builder: WindowBuilder, scheme: Scheme, runner: Runner, known: Sequence[str] | None = None
    ) -> None:
        self.builder = builder
        self.scheme = scheme
        self.runner = runner
        self.slots: tuple[Slot, ...] = builder.slots(scheme, scheme.speaker_ids if known is None else known)
        self._matcher = AliasMatcher(scheme.speakers)

    def encode(self, text: str, sentences: Sequence[Sentence]) -> EncodedArticle:
        """Tokenise an article and mark quotations and mentions."""
        return self.builder.encode(sentences, quotation_state(text), self._matcher.find(text))

    def score(self, encoded: Sequence[EncodedArticle]) -> list[ArticleScores]:
        """Score several articles together; windows of like length run together."""
        jobs: list[tuple[int, Window]] = [
            (number, window)
            for number, article in enumerate(encoded)
            for window in self.builder.windows(article, self.slots)
        ]
        results = [_Collector(article, len(self.slots), len(self.scheme.stances)) for article in encoded]
        jobs.sort(key=lambda job: -len(job[1].ids))
        for group in _grouped(jobs, self.runner.batch_tokens):
            self._run(group, results)
        return [result.scores() for result in results]

    def start(self, encoded: EncodedArticle, pool: Executor) -> PendingScores:
        """Hand one article's windows to a pool; they are padded there, so that what waits in its queue is small."""
        collector = _Collector(encoded, len(self.slots), len(self.scheme.stances))
        jobs = [(0, window) for window in self.builder.windows(encoded, self.slots)]
        jobs.sort(key=lambda job: -len(job[1].ids))
        groups = _grouped(jobs, self.runner.batch_tokens)
        return PendingScores(collector, [pool.submit(self._run, group, [collector]) for group in groups])

    def _run(self, group: Sequence[tuple[int, Window]], results: Sequence[_Collector]) -> None:
        windows = [window for _, window in group]
        raw = self.runner.run(collate(windows, self.builder.pad_id))
        for row, (number, window) in enumerate(group):
            results[number].add(window, raw, row)


def _grouped(jobs: Sequence[tuple[int, Window]], batch_tokens: int) -> Iterator[Sequence[tuple[int, Window]]]:
    start = 0
    while start < len(jobs):
        # Longest first: the first window's length, padded, is the batch's.
        size = max(1, batch_tokens // padded_length(len(jobs[start][1].ids)))
        yield jobs[start : start + size]
        start += size


class PendingScores:
    """One article's scores while a pool computes its windows.

    Attributes:
        n_batches: how many batches they are.
    """

    def __init__(self, collector: _Collector, batches: Sequence[Future[None]]) -> None:
        self._collector = collector
        self._batches = batches
        self.n_batches = len(batches)

    def result(self) -> ArticleScores:
        """Wait for the scores; raises what the runner raised."""
        for batch in self._batches:
            batch.result()
        return self._collector.scores()


class _Collector:
    """Gathers an article's scores window by window, and sees that every sentence is scored exactly once."""

    def __init__(self, encoded: EncodedArticle, n_slots: int, n_stances: int) -> None:
        n_sentences, n_tokens = len(encoded.sentences), len(encoded.ids)
        self.encoded = encoded
        self.speaker = np.full((n_sentences, n_slots), np.nan, np.float32)
        self.stance = np.full((n_sentences, n_stances), np.nan, np.float32)
        self.tags = np.zeros((n_tokens, 0), np.float32)
        self.source = np.full((n_sentences, 2), -1, np.int64)
        self.source_p = np.zeros(n_sentences, np.float32)
        self.n_truncated = 0
        self._lock = Lock()

    def add(self, window: Window, raw: RawScores, row: int) -> None:
        with self._lock:
            self._add(window, raw, row)

    def _add(self, window: Window, raw: RawScores, row: int) -> None:
        span = window.span
        first, last = span.label_first - span.first, span.label_last - span.first
        self.speaker[span.label_first : span.label_last] = raw.speaker[row, first:last, : self.speaker.shape[1]]
        self.stance[span.label_first : span.label_last] = raw.stance[row, first:last]
        n = len(window.ids)
        if self.tags.shape[1] == 0:
            self.tags = np.zeros((len(self.tags), raw.tags.shape[2]), np.float32)
        labelled = (window.token_sentence >= first) & (window.token_sentence < last)
        self.tags[window.token_index[labelled]] = raw.tags[row, :n][labelled]
        pointer = _softmax(raw.pointer[row, first:last, :n])
        for number, p in enumerate(pointer, span.label_first):
            low, high = _pointed(p, window.token_index)
            self.source_p[number] = p[low:high].sum()
            if low > 0:
                self.source[number] = window.token_index[low], window.token_index[high - 1] + 1
        self.n_truncated += window.n_truncated

    def scores(self) -> ArticleScores:
        if np.isnan(self.speaker).any() or np.isnan(self.stance).any():
            raise AssertionError("a sentence was not scored, or was scored as not-a-number")
        return ArticleScores(
            self.encoded, self.speaker, self.stance, self.tags, self.source, self.source_p, self.n_truncated
        )


def _pointed(p: NDArray[np.float32], index: NDArray[np.int64]) -> tuple[int, int]:
    """The tokens around a pointer's peak that share in it: a name has several, and they split its probability.

    `index` are their numbers in the article: tokens that do not follow each other there share in no peak.
    """
    peak = int(p.argmax())
    low, high = peak, peak + 1
    while low > 1 and index[low - 1] == index[low] - 1 and p[low - 1] >= POINTER_SHARE * p.max():
        low -= 1
    while low > 0 and high < len(p) and index[high] == index[high - 1] + 1 and p[high] >= POINTER_SHARE * p.max():
        high += 1
    return (peak, peak + 1) if high - low > MAX_POINTED else (low, high)


def _softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    shifted = np.exp(logits - logits.max(-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(-1, keepdims=True), dtype=np.float32)


def probabilities(logits: NDArray[np.float32], temperature: float) -> NDArray[np.float32]:
    """Calibrated probabilities of logits, same shape (temperature scaling; Guo et al., 2017)."""
    return _softmax(logits / np.float32(temperature))
