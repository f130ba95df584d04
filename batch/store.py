"""The folder OUT.parts: opened by one run at a time, refused to another model or other settings, removed in the end."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..model.errors import SaysoError
from ..model.readers.sources import reason_of
from ..model.rowfiles import followed
from .assemble import assemble, check_suffix
from .manifest import Listing, Manifest, changed_input, list_inputs, read_manifest
from .parts import PartBuilder, PartHeader, read_header
from .totals import Totals

if TYPE_CHECKING:
    from filelock import BaseFileLock

MANIFEST, INPUTS, NEW_INPUTS, LOCK = "manifest.json", "inputs.list", "new-inputs.list", "lock"


@dataclass(frozen=True, slots=True)
class Task:
    """What a run is to do, as far as its rows depend on it.

    Attributes:
        inputs: files, folders, patterns, `-`.
        out: the file to write.
        version: of sayso.
        model: digest of the model.
        settings: how articles are read and labelled, by option; plain JSON values.
    """

    inputs: tuple[str, ...]
    out: Path
    version: str
    model: str
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """Where the parts are."""
        return self.out.with_name(f"{self.out.name}.parts")

    @property
    def failed(self) -> Path:
        """Where failures are listed."""
        return self.out.with_name(f"{self.out.name}.failed.jsonl")


class PartStore:
    """The parts of one run.

    Attributes:
        task: what the run is to do.
        listing: the inputs as they stood when it was opened.
        totals: counts of all parts written so far.
        n_outcomes: articles and failures in them.
        is_complete: whether the inputs ended with the last of them.
    """

    def __init__(self, task: Task, listing: Listing) -> None:
        self.task = task
        self.listing = listing
        self.totals = Totals()
        self.n_outcomes = 0
        self.is_complete = False
        self._n_parts = 0
        for header in self.headers():
            self._count(header)
            self._n_parts += 1
        for path in self._leftovers():
            path.unlink(missing_ok=True)

    @classmethod
    @contextmanager
    def opened(cls, task: Task, *, fresh: bool = False) -> Iterator[PartStore]:
        """Open the folder, make it if need be, and keep others out of it.

        Args:
            task: what the run is to do.
            fresh: throw away what an earlier run left.

        Raises:
            SaysoError: the output cannot be written, another run is writing it, or the parts there are of a run with
                another model, other settings or other inputs.
        """
        from filelock import FileLock, Timeout

        check_suffix(task.out)
        if task.out.is_dir():
            raise SaysoError(f"{task.out} is a folder", expected="a file to write")
        try:
            task.folder.mkdir(parents=True, exist_ok=True)
            lock: BaseFileLock = FileLock(task.folder / LOCK)
            lock.acquire(timeout=0)
        except Timeout:
            raise SaysoError(
                f"another run is writing {task.out}", hint="wait until it has ended, or choose another -o"
            ) from None
        except OSError as error:
            raise SaysoError(f"cannot write {task.out}", found=reason_of(error)) from None
        try:
            yield cls(task, _prepare(task, fresh))
        finally:
            # Removed before the lock is given up: else the folder of whoever takes it next could go. A folder without
            # a part keeps nothing of the run, and must not refuse one with other settings.
            is_empty = not (_is_begun(task.folder) and (task.folder / MANIFEST).exists())
            if is_empty:
                shutil.rmtree(task.folder, ignore_errors=True)
            lock.release()
            if is_empty and os.name == "nt":  # where an open file, the lock, cannot be removed
                shutil.rmtree(task.folder, ignore_errors=True)

    def headers(self) -> Iterator[PartHeader]:
        """Headers of the parts that are there, in order, up to the first gap."""
        number = 0
        while (path := self._path(number)).exists():
            yield read_header(path)
            number += 1

    def write(self, part: PartBuilder, *, is_last: bool = False) -> None:
        """Write one part.

        Raises:
            SaysoError: it cannot be written; what was written before stands.
        """
        path = self._path(self._n_parts)
        try:
            part.write(path, is_last=is_last)
        except OSError as error:
            raise SaysoError(
                f"cannot write {path}",
                found=reason_of(error),
                hint=f"mend that and run the same command again: it goes on after {self.n_outcomes:,} articles",
            ) from None
        self._count(read_header(path))
        self._n_parts += 1

    def finish(self) -> Totals:
        """Make the final file and the list of failures of the parts, and remove them.

        Raises:
            SaysoError: they cannot be written; the parts stand.
        """
        try:
            assemble(list(self._paths()), self.task.out, self.task.failed)
        except OSError as error:
            raise SaysoError(
                f"cannot write {self.task.out}",
                found=reason_of(error),
                hint="all articles are labelled: mend that and run the same command again to get the file",
            ) from None
        # The manifest goes first: parts without one are leftovers, and whoever opens the folder next clears them away.
        (self.task.folder / MANIFEST).unlink()
        return self.totals

    def _path(self, number: int) -> Path:
        return _part(self.task.folder, number)

    def _paths(self) -> Iterator[Path]:
        return (self._path(number) for number in range(self._n_parts))

    def _leftovers(self) -> set[Path]:
        """What a killed run was writing, and parts that stand behind a gap."""
        files = {*self.task.folder.glob("*.part")} - {*self._paths()}
        for out in map(followed, (self.task.out, self.task.failed)):
            files |= {*out.parent.glob(f".{escape(out.name)}.*.part")}
        return files

    def _count(self, header: PartHeader) -> None:
        self.totals += header.totals
        self.n_outcomes += len(header.digests)
        self.is_complete = header.is_last


def _part(folder: Path, number: int) -> Path:
    return folder / f"{number:06d}.part"


def _is_begun(folder: Path) -> bool:
    """Whether a part was written there."""
    return _part(folder, 0).exists()


def _prepare(task: Task, fresh: bool) -> Listing:
    """Compare the folder with the task, or make it the task's."""
    folder = task.folder
    listing = list_inputs(task.inputs, folder / NEW_INPUTS, (task.out, task.failed))
    now = Manifest(task.version, task.model, dict(task.settings), listing.digest)
    then = read_manifest(folder / MANIFEST) if _is_begun(folder) and not fresh else None
    if then is None:
        for path in (folder / MANIFEST, *folder.glob("*.part")):
            path.unlink(missing_ok=True)
        (folder / NEW_INPUTS).replace(folder / INPUTS)
        now.write(folder / MANIFEST)
        return listing
    differences = then.differences(now)
    if then.inputs != now.inputs:
        differences.append(f"the inputs: {changed_input(folder / INPUTS, folder / NEW_INPUTS)}")
    (folder / NEW_INPUTS).unlink()
    if differences:
        raise SaysoError(
            f"{folder} holds part of another run",
            expected="the same inputs, model and settings",
            found="; ".join(differences),
            hint="run it as before to go on with it, or start anew with --fresh",
        )
    return listing
