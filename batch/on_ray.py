"""The engine of a cluster: the same labeller as a Ray Data pipeline, one session an actor.

    read (one task, which streams all articles) -> label (one actor a core) -> rows, in order, to the driver

Reading is one stream because ids and clusters of copies depend on what came before; it is much faster than labelling.
The driver only writes lines, into the same parts as the local engine: rows, files and resuming are the same. Inputs and
model folder must lie where every node can read them under the same name.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ..model.errors import SaysoError
from ..model.labeller import Labeller, LabelSettings
from ..model.readers.settings import Failure, Meter, ReadSettings
from ..model.records import Article
from .parts import Encoded, encode
from .run import Step, Watch, digest_of, pass_over, read_marked, remarks
from .totals import Totals

#: Articles that an actor takes at once.
_BATCH = 16
#: Small blocks flow; Ray's own of 128 MB would hold whole corpora back.
_BLOCK_BYTES = 1 << 18


@dataclass(frozen=True, slots=True)
class OnRay:
    """The engine of a cluster.

    Attributes:
        model: model folder; None for the shipped one.
        settings: how articles are labelled.
        reading: how inputs are read.
        dedup: whether copies of one story get a cluster. Identical articles are labelled each: actors share no rows.
        n_actors: labellers, at most one a core on this machine alone; None for one a core of the cluster.
        address: of a running cluster; None for this machine alone. A program that is connected already stays so.
    """

    model: Path | None
    settings: LabelSettings
    reading: ReadSettings
    dedup: bool = False
    n_actors: int | None = None
    address: str | None = None

    def steps(self, inputs: Sequence[str], done: Iterable[str], watch: Watch) -> Generator[Step, None, None]:
        """See Engine.

        Raises:
            SaysoError: Ray is not installed or fails, or an input is standard input; else as Engine says.
        """
        if "-" in inputs:
            raise SaysoError("--engine ray cannot read standard input", hint="name files that every node can read")
        with _connected(self.address) as ray:
            n_done = pass_over(read_marked(inputs, self.reading, watch, dedup=self.dedup), done)
            watch.begun(watch.meter.n_bytes)
            read = _Read(tuple(inputs), os.getcwd(), self.reading, self.dedup, n_done)
            try:
                for row in self._labelled(ray, read).iter_rows():
                    yield _step(json.loads(row["data"]), watch)
            except ray.exceptions.RayError as error:
                raise SaysoError(
                    "labelling on the cluster failed",
                    found=_cause(error),
                    hint="what was done is kept: the same command goes on after that",
                ) from error

    def _labelled(self, ray: Any, read: _Read) -> Any:
        """The pipeline, not yet begun."""
        n_cores = max(1, int(ray.cluster_resources().get("CPU", 1)))
        n_actors = n_cores if self.n_actors is None else self.n_actors
        if self.address is None:
            n_actors = min(n_actors, n_cores)  # more would wait for cores that never come; a cluster may grow
        model = None if self.model is None else str(self.model.resolve())
        # Reading asks for no core of its own: the actors may have taken them all. (`range` would ask for one.)
        articles = ray.data.from_items([{"data": ""}]).flat_map(read, num_cpus=0)
        return articles.map_batches(
            _Label,
            fn_constructor_args=(model, self.settings),
            batch_size=_BATCH,
            compute=ray.data.ActorPoolStrategy(size=n_actors),
            num_cpus=1,
        )


def _cause(error: Exception) -> str:
    """The last line of what Ray says, which names the cause; the error's own name where it says nothing."""
    lines = str(error).strip().splitlines()
    return lines[-1].strip() if lines else type(error).__name__


@contextmanager
def _connected(address: str | None) -> Iterator[Any]:
    """Ray, connected to a cluster or started on this machine, in order and quiet."""
    for name, value in (("RAY_USAGE_STATS_ENABLED", "0"), ("RAY_BACKEND_LOG_LEVEL", "fatal")):
        os.environ.setdefault(name, value)
    try:
        import ray
        import ray.data
    except ImportError:
        raise SaysoError("--engine ray needs the package ray", hint="pip install 'sayso[ray]'") from None
    was_connected = ray.is_initialized()
    try:
        # Without an address Ray would join whatever cluster it finds on this machine or in RAY_ADDRESS.
        at = "local" if address is None else address
        ray.init(address=at, logging_level=logging.ERROR, log_to_driver=False, ignore_reinit_error=True)
    except Exception as error:  # a node that does not start raises no narrower one
        place = "Ray does not start on this machine" if address is None else f"no Ray cluster at {address}"
        raise SaysoError(place, found=" ".join(str(error).split())) from None
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)  # what goes wrong is raised
    context = ray.data.DataContext.get_current()
    context.execution_options.preserve_order = True
    context.target_max_block_size = _BLOCK_BYTES
    context.enable_progress_bars = False
    try:
        yield ray
    finally:
        if not was_connected:
            ray.shutdown()


@dataclass
class _Noted:
    """What the readers say, until it travels with the next article."""

    meter: Meter = field(default_factory=Meter)
    warnings: list[str] = field(default_factory=list)

    def warn(self, message: str) -> None:
        self.warnings.append(message)


@dataclass(frozen=True, slots=True)
class _Read:
    """Runs in one task: the articles of the inputs after the first `n_done`, as they are read."""

    inputs: tuple[str, ...]
    folder: str
    reading: ReadSettings
    dedup: bool
    n_done: int

    def __call__(self, _: Mapping[str, Any]) -> Iterator[dict[str, str]]:
        os.chdir(self.folder)  # relative names are the user's
        noted = _Noted()
        articles = read_marked(self.inputs, self.reading, noted, dedup=self.dedup)
        for number, article in enumerate(articles):
            said, noted.warnings = noted.warnings, []
            if number < self.n_done:
                continue
            kind = "failure" if isinstance(article, Failure) else "article"
            step = {"digest": digest_of(article), "n_bytes": noted.meter.n_bytes, "warnings": said}
            yield {"data": json.dumps({**step, kind: asdict(article)})}


class _Label:
    """An actor: one model on one core."""

    def __init__(self, model: str | None, settings: LabelSettings) -> None:
        self._labeller = Labeller.load(model, settings, n_threads=1)

    def __call__(self, batch: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
        steps = [json.loads(data) for data in batch["data"]]
        articles = [Article(**s["article"]) if "article" in s else Failure(**s["failure"]) for s in steps]
        outcomes = self._labeller.label(articles)
        done = []
        for step, outcome in zip(steps, outcomes, strict=True):
            known = {"digest": step["digest"], "n_bytes": step["n_bytes"]}
            warnings = [*step["warnings"], *remarks(outcome)]
            done.append(json.dumps({**known, "warnings": warnings, **asdict(encode(outcome))}))
        return {"data": done}


def _step(data: Mapping[str, Any], watch: Watch) -> Step:
    for warning in data["warnings"]:
        watch.warn(warning)
    failure = None if data["failure"] is None else Failure(**data["failure"])
    columns = {column: tuple(kinds) for column, kinds in data["columns"].items()}
    outcome = Encoded(Totals(**data["totals"]), columns, failure, tuple(data["rows"]))
    return Step(data["digest"], data["n_bytes"], outcome)
