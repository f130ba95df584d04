"""Progress, warnings and failures of a run, on stderr: a bar on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.console import Console

from ..batch.totals import Totals
from ..model.readers.settings import Failure, Meter
from .terminal import safe

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

#: Seconds between plain lines.
LINE_SECONDS = 30.0


class Pace:
    """How fast a run goes, and how long it has still to go.

    The time left is reckoned from the share of the inputs' bytes that is labelled (not read: reading runs ahead) at
    the mean pace since the run began, so that it neither jumps nor ends early.

    Args:
        n_bytes: of all inputs; 0 if unknown.
        clock: tells seconds.
    """

    def __init__(self, n_bytes: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._n_bytes = n_bytes
        self._clock = clock
        self._began = clock()
        self._n_bytes_before = self._n_bytes_now = 0
        self._n_sentences = 0

    def begin(self, n_bytes_before: int) -> None:
        """Count from here: so many bytes had been labelled before."""
        self._began = self._clock()
        self._n_bytes_before = self._n_bytes_now = n_bytes_before

    def add(self, n_sentences: int, n_bytes_now: int) -> None:
        """So many sentences more, and so many bytes in all."""
        self._n_sentences += n_sentences
        self._n_bytes_now = n_bytes_now

    @property
    def seconds(self) -> float:
        """Since it began."""
        return self._clock() - self._began

    @property
    def sentences_per_second(self) -> float:
        """Mean since it began."""
        return self._n_sentences / max(self.seconds, 1e-9)

    @property
    def share(self) -> float | None:
        """Share of the inputs that is labelled, 0 to 1; None if unknown."""
        return min(1.0, self._n_bytes_now / self._n_bytes) if self._n_bytes else None

    @property
    def seconds_left(self) -> float | None:
        """None if unknown."""
        done = self._n_bytes_now - self._n_bytes_before
        if done <= 0 or self._n_bytes < self._n_bytes_now:
            return None
        return self.seconds * (self._n_bytes - self._n_bytes_now) / done


def counted(number: int, thing: str) -> str:
    """`1 article`, `1,200 articles`."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def duration(seconds: float) -> str:
    """Seconds as people say them: `48 s`, `12 min`, `3 h 05 min`."""
    if seconds < 90:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"


class Reporter:
    """A `batch.Watch` that tells the user.

    Args:
        n_bytes: of all inputs; 0 if unknown.
        bar: whether a progress bar is to be drawn.
        console: stderr.
    """

    def __init__(self, n_bytes: int, *, bar: bool, console: Console) -> None:
        self.meter = Meter()
        self.totals = Totals()
        self.pace = Pace(n_bytes)
        self._console = console
        self._passing_over = False
        self._bar = _bar(console) if bar else None
        self._task: TaskID | None = None
        self._said = time.monotonic()

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._task = self._bar.add_task("", total=None, said="")
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def say(self, message: str) -> None:
        """One line, whatever is in it."""
        self._console.print(f"sayso: {safe(message)}", markup=False, highlight=False, emoji=False, soft_wrap=True)

    def warn(self, message: str) -> None:
        """Something was read, but not as it stood; said once, not again when it is passed over."""
        if not self._passing_over:
            self.say(message)

    def resumed(self, totals: Totals) -> None:
        """An earlier run had done this much."""
        self._passing_over = True
        self.totals += totals
        done = counted(totals.n_articles + totals.n_failed, "article")
        self.say(f"going on after {done} ({counted(totals.n_sentences, 'sentence')}) that an earlier run had done")

    def begun(self, n_bytes: int) -> None:
        """Labelling begins after this many bytes of the inputs."""
        self._passing_over = False
        self.pace.begin(n_bytes)

    def finished(self, totals: Totals, failure: Failure | None, n_bytes: int) -> None:
        """One article was labelled or failed."""
        self.totals += totals
        self.pace.add(totals.n_sentences, n_bytes)
        if failure is not None:
            self.say(f"failed: {failure.where}: {failure.reason}")
        if self._bar is not None and self._task is not None:
            share = self.pace.share
            self._bar.update(self._task, total=None if share is None else 1.0, completed=share, said=self._line())
        elif time.monotonic() - self._said >= LINE_SECONDS:
            self._said = time.monotonic()
            self.say(self._line())

    def _line(self) -> str:
        share, left = self.pace.share, self.pace.seconds_left
        parts = [counted(self.totals.n_articles, "article"), f"{self.pace.sentences_per_second:,.0f} sentences/s"]
        if self.totals.n_failed:
            parts.insert(1, f"{self.totals.n_failed:,} failed")
        if share is not None and self._bar is None:
            parts.insert(0, f"{share:.0%}")
        if left is not None:
            parts.append(f"{duration(left)} left")
        return ", ".join(parts)


def _bar(console: Console) -> Progress:
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    columns = (BarColumn(bar_width=30), TaskProgressColumn(), TextColumn("{task.fields[said]}", markup=False))
    return Progress(*columns, console=console, transient=True)


def summary(totals: Totals, seconds: float) -> list[str]:
    """What a run did, in lines.

    Args:
        totals: its counts.
        seconds: that it took.
    """
    articles, sentences = counted(totals.n_articles, "article"), counted(totals.n_sentences, "sentence")
    lines = [f"labelled {articles}, {sentences}; it took {duration(seconds)}"]
    if totals.n_boilerplate:
        left_out = counted(totals.n_boilerplate, "sentence")
        lines.append(f"left out as boilerplate: {left_out} (--keep-boilerplate labels them)")
    if totals.n_truncated:
        lines.append(f"not seen by the model: {counted(totals.n_truncated, 'token')} of over-long sentences")
    if totals.n_abstained:
        share = totals.n_abstained / totals.n_sentences
        lines.append(f"less sure than --min-confidence: {counted(totals.n_abstained, 'sentence')} ({share:.0%})")
    if totals.n_foreign:
        n_foreign = counted(totals.n_foreign, "article")
        lines.append(
            f"not in English, it seems: {n_foreign}; the model reads English only, and guesses with confidence"
        )
    if totals.n_failed:
        lines.append(f"failed: {totals.n_failed:,}")
    lines += [
        f"{name}: {_shares(counts)}"
        for name, counts in (("speakers", totals.speakers), ("stances", totals.stances))
        if counts
    ]
    return lines


def _shares(counts: Mapping[str, int]) -> str:
    n_all = sum(counts.values())
    by_size = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{label} {count / n_all:.0%}" for label, count in by_size)
