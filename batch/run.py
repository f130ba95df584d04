"""Fills the parts of a run: what is done is passed over, the rest is labelled, part by part."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from hashlib import blake2b
from typing import Protocol

from ..model.articles import read_articles
from ..model.errors import SaysoError
from ..model.labeller import LabelledArticle, Labeller
from ..model.readers.settings import Failure, Meter, ReadSettings
from ..model.records import Article
from ..model.rowfiles import plain_json
from .copies import Clusters, label_once
from .parts import Encoded, PartBuilder, encode
from .store import PartStore
from .totals import Totals


class ReadWatch(Protocol):
    """Is told how reading goes on."""

    #: Told by the readers how far they are.
    meter: Meter

    def warn(self, message: str) -> None:
        """Something was read, but not as it stood."""
        ...


class Watch(ReadWatch, Protocol):
    """Is told how a run goes on."""

    def resumed(self, totals: Totals) -> None:
        """An earlier run had done this much; until `begun`, what it has done is read again."""
        ...

    def begun(self, n_bytes: int) -> None:
        """Labelling begins after this many bytes of the inputs."""
        ...

    def finished(self, totals: Totals, failure: Failure | None, n_bytes: int) -> None:
        """An article was labelled or failed; up to it, `n_bytes` of the inputs had been read."""
        ...


@dataclass(frozen=True, slots=True)
class Step:
    """One article on its way through.

    Attributes:
        digest: of the article; "" for what could not be read.
        n_bytes: of the inputs, read up to it.
        outcome: what came of it.
    """

    digest: str
    n_bytes: int
    outcome: Encoded


class Engine(Protocol):
    """Reads and labels."""

    def steps(self, inputs: Sequence[str], done: Iterable[str], watch: Watch) -> Generator[Step, None, None]:
        """One step for each article of the inputs, in order, after those whose digests are `done`.

        Raises:
            SaysoError: an article is not the one that was labelled.
        """
        ...


@dataclass(frozen=True, slots=True)
class Local:
    """The engine of one process.

    Attributes:
        labeller: labels.
        reading: how inputs are read.
        dedup: whether copies of one story get a cluster, and identical articles are labelled once.
    """

    labeller: Labeller
    reading: ReadSettings
    dedup: bool = False

    def steps(self, inputs: Sequence[str], done: Iterable[str], watch: Watch) -> Generator[Step, None, None]:
        """See Engine."""
        articles = read_marked(inputs, self.reading, watch, dedup=self.dedup)
        pass_over(articles, done)
        watch.begun(watch.meter.n_bytes)
        noted: deque[tuple[str, int]] = deque()

        def note() -> Iterator[Article | Failure]:
            for article in articles:
                noted.append((digest_of(article), watch.meter.n_bytes))
                yield article

        for outcome in self.outcomes(note()):
            digest, n_bytes = noted.popleft()
            for remark in remarks(outcome):
                watch.warn(remark)
            yield Step(digest, n_bytes, encode(outcome))

    def outcomes(self, articles: Iterable[Article | Failure]) -> Iterator[LabelledArticle | Failure]:
        """One for each article, in order."""
        return label_once(self.labeller, articles) if self.dedup else self.labeller.label(articles)


def remarks(outcome: LabelledArticle | Failure) -> tuple[str, ...]:
    """What a user must know of an article's rows."""
    if isinstance(outcome, Failure) or outcome.n_truncated == 0:
        return ()
    n = outcome.n_truncated
    return (f"{outcome.article.id}: a sentence is longer than the model reads; the last {n:,} tokens were not seen",)


def label_into(store: PartStore, engine: Engine, watch: Watch) -> Totals:
    """Label what the store's inputs hold and write its output.

    Args:
        store: opened; it may hold the parts of a run that was killed.
        engine: reads and labels.
        watch: is told how it goes on.

    Returns:
        Counts of the whole run, earlier parts included.

    Raises:
        SaysoError: the output cannot be written, or an input is no longer what it was. What was done stands.
    """
    if store.n_outcomes:
        watch.resumed(store.totals)
    if not store.is_complete:
        part = PartBuilder()
        done = (digest for header in store.headers() for digest in header.digests)
        # Closed also when the run breaks off: an engine may hold the cores of a cluster.
        with closing(engine.steps(store.task.inputs, done, watch)) as steps:
            for step in steps:
                part.add(step.outcome, step.digest)
                watch.finished(step.outcome.totals, step.outcome.failure, step.n_bytes)
                if part.is_full:
                    store.write(part)
                    part = PartBuilder()
        store.write(part, is_last=True)
    return store.finish()


def read_marked(
    inputs: Sequence[str], reading: ReadSettings, watch: ReadWatch, *, dedup: bool
) -> Iterator[Article | Failure]:
    """What the inputs hold, in order, with clusters of copies if they are asked for."""
    articles = read_articles(inputs, reading, warn=watch.warn, meter=watch.meter)
    return Clusters().mark(articles) if dedup else articles


def pass_over(articles: Iterator[Article | Failure], done: Iterable[str]) -> int:
    """Take the articles that parts hold, comparing them with what was labelled; returns how many.

    Raises:
        SaysoError: an article is not the one that was labelled.
    """
    n_done = 0
    for digest in done:
        article = next(articles, None)
        found = "no more articles" if article is None else f"{article.id!r}"
        # What fails at one time and can be read at another stays what it was in the parts.
        if article is None or (digest != (now := digest_of(article)) and digest and now):
            raise SaysoError(
                "the inputs are not what they were when the run was stopped",
                expected="the article that was labelled at this place",
                found=found,
                hint="start anew with --fresh",
            )
        n_done += 1
    return n_done


def digest_of(article: Article | Failure) -> str:
    """Digest of what goes into an article's rows; "" for what could not be read."""
    if isinstance(article, Failure):
        return ""
    fields = (article.id, str(article.outlet), str(article.date), article.text, plain_json(article.own_columns))
    return blake2b("\0".join(fields).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
