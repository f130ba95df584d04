"""What the parts of a run depend on: inputs, model and settings. Parts of two different runs must not be mixed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from hashlib import blake2b
from itertools import zip_longest
from pathlib import Path
from stat import S_ISREG
from typing import Any

from ..model.errors import SaysoError
from ..model.readers.sources import Source, expand
from ..model.rowfiles import whole_file

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Manifest:
    """What must be the same for a run to be continued.

    Attributes:
        version: of sayso.
        model: digest of the model.
        settings: how articles are read and labelled, by option.
        inputs: digest of the list of input files with their sizes and times.
    """

    version: str
    model: str
    settings: Mapping[str, Any]
    inputs: str

    def write(self, path: Path) -> None:
        """Write it whole."""
        with whole_file(path) as file:
            json.dump({"format": FORMAT, **asdict(self)}, file, indent=1, ensure_ascii=False)

    def differences(self, now: Manifest) -> list[str]:
        """In words, what was otherwise when the parts were written; the inputs left out."""
        found = [
            f"{name} was {then!r}, is now {value!r}"
            for name, then, value in (("sayso", self.version, now.version), ("the model", self.model, now.model))
            if then != value
        ]
        for name in sorted({*self.settings, *now.settings}):
            then, value = self.settings.get(name), now.settings.get(name)
            if then != value:
                found.append(f"{name} was {_told(name, then)}, is now {_told(name, value)}")
        return found


def _told(name: str, value: Any) -> str:
    """A setting in a few words: a scheme is told by its name."""
    if name == "scheme":
        return "the model's own" if value is None else f"{value['name']!r}"
    return repr(value)


def read_manifest(path: Path) -> Manifest | None:
    """The manifest, or None if there is none.

    Raises:
        SaysoError: it is of another version of sayso, or broken.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data.pop("format") != FORMAT:
            raise ValueError("another format")
        return Manifest(**data)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SaysoError(
            f"{path} is not readable",
            expected=f"a manifest of format {FORMAT}",
            found=str(error),
            hint="--fresh starts anew",
        ) from None


@dataclass(frozen=True, slots=True)
class Listing:
    """The input files as they stand.

    Attributes:
        digest: of their names, sizes and times; of pipes the names alone.
        n_files: how many.
        n_bytes: all of them together; pipes count as 0.
    """

    digest: str
    n_files: int
    n_bytes: int


def list_inputs(inputs: Iterable[str], path: Path, forbidden: Iterable[Path]) -> Listing:
    """Write the list of input files, one JSON line each.

    Args:
        inputs: as the user names them.
        path: where to write the list.
        forbidden: files of ours that must not be among them.

    Raises:
        SaysoError: a forbidden file is among them.
    """
    ours = {identity: ours for ours in forbidden if (identity := _identity(ours)) is not None}
    digest = blake2b(digest_size=16)
    n_files = n_bytes = 0
    with whole_file(path) as file:
        for source in expand(list(inputs)):
            status = _status(source.path) if isinstance(source, Source) else None
            name = source.name if isinstance(source, Source) else source.where
            if status is not None and (status.st_dev, status.st_ino) in ours:
                raise SaysoError(
                    f"the output would be read as an input: {name}",
                    expected="an output that lies outside the inputs",
                    hint="choose another -o, or name the inputs one by one",
                )
            # The time of a pipe is that of what was last written into it.
            is_file = status is not None and S_ISREG(status.st_mode)
            entry = [name, status.st_size, status.st_mtime_ns] if status is not None and is_file else [name]
            line = json.dumps(entry, ensure_ascii=False)
            digest.update(line.encode("utf-8", "surrogatepass") + b"\n")
            file.write(line + "\n")
            n_files += 1
            n_bytes += 0 if status is None else status.st_size
    return Listing(digest.hexdigest(), n_files, n_bytes)


def _identity(path: Path) -> tuple[int, int] | None:
    status = _status(path)
    return None if status is None else (status.st_dev, status.st_ino)


def _status(path: Path | None) -> os.stat_result | None:
    try:
        return None if path is None else path.stat()
    except OSError:
        return None


def changed_input(then: Path, now: Path) -> str:
    """The first line in which two lists of inputs differ, in words."""
    with then.open(encoding="utf-8") as old, now.open(encoding="utf-8") as new:
        for before, after in zip_longest(old, new):
            if before == after:
                continue
            if before is None:
                return f"{json.loads(after)[0]} is new"
            if after is None or json.loads(before)[0] != json.loads(after)[0]:
                return f"{json.loads(before)[0]} is gone or stands elsewhere"
            return f"{json.loads(before)[0]} has another size or time"
    return "nothing"
