"""The model folder: what is in it, how it is written whole, and how it is read with suspicion.

No torch here, and no pickles anywhere: `model.safetensors` holds tensors, `config.json` everything else. The graph in
`model.onnx` holds no weights of its own; the runtime hands it those of `model.safetensors`, unpacked.
"""

from __future__ import annotations

import hashlib
import json
import math
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .errors import ConfigError, ModelFolderError, SaysoError
from .packing import CODES, MULTIPLIERS, SCALE, Packed
from .scheme import Scheme
from .windows import WindowSettings

if TYPE_CHECKING:
    from tokenizers import Tokenizer

FORMAT = 1


@dataclass(frozen=True, slots=True)
class FolderFiles:
    """Names of a model folder's files."""

    config: str = "config.json"
    weights: str = "model.safetensors"
    graph: str = "model.onnx"
    tokenizer: str = "tokenizer.json"
    card: str = "README.md"
    learned: str = "learned.npy"

    def digested(self) -> tuple[str, ...]:
        """Files whose sha256 stands in the configuration."""
        return self.weights, self.graph, self.tokenizer


FILES = FolderFiles()
_KEYS = ("format", "scheme", "encoder", "window", "weights", "temperatures", "training", "scores", "parity", "digests")


@dataclass(frozen=True, slots=True)
class EncoderFacts:
    """What must be known of the encoder besides its weights.

    Attributes:
        name: what the recipe called it.
        config: its Hugging Face configuration.
        special: CLS, SEP and padding token.
        mask: token that hides a word.
        n_pointer: width of the source pointer.
    """

    name: str
    config: Mapping[str, Any]
    special: tuple[str, str, str]
    mask: str
    n_pointer: int


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """Everything about a model that is not a weight.

    Attributes:
        scheme: the labels it was trained for.
        encoder: see EncoderFacts.
        window: how windows are cut.
        weights: `float32`, `int8` or `int4`: how matrices are kept.
        temperatures: of the two heads, by `speaker` and `stance`, greater than 0.
        training: recipe, data digests, seeds, package versions, history.
        scores: figures on validation articles.
        parity: how the exported graph compared with the network.
        digests: sha256 by file name.
    """

    scheme: Scheme
    encoder: EncoderFacts
    window: WindowSettings
    weights: str
    temperatures: Mapping[str, float]
    training: Mapping[str, Any]
    scores: Mapping[str, Any]
    parity: Mapping[str, Any]
    digests: Mapping[str, str]

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as in config.json."""
        return {
            "format": FORMAT,
            "scheme": self.scheme.to_dict(),
            "encoder": {
                "name": self.encoder.name,
                "config": dict(self.encoder.config),
                "special": list(self.encoder.special),
                "mask": self.encoder.mask,
                "n_pointer": self.encoder.n_pointer,
            },
            "window": {
                "n_tokens": self.window.n_tokens,
                "context_before": self.window.context_before,
                "context_after": self.window.context_after,
                "introductions": self.window.introductions,
            },
            "weights": self.weights,
            "temperatures": dict(self.temperatures),
            "training": dict(self.training),
            "scores": dict(self.scores),
            "parity": dict(self.parity),
            "digests": dict(self.digests),
        }


def read_config(folder: Path) -> ModelConfig:
    """Read and check a folder's configuration (not its digests).

    Raises:
        ModelFolderError: no folder, a file missing, an unknown format version, or a malformed configuration.
    """
    if not folder.is_dir():
        raise ModelFolderError(
            f"no model folder {folder}",
            expected="a folder made by `sayso train`",
            hint="leave --model out for the shipped model",
        )
    missing = [name for name in (FILES.config, *FILES.digested()) if not (folder / name).is_file()]
    if missing:
        raise ModelFolderError(
            f"model folder {folder} is not whole",
            expected=", ".join((FILES.config, *FILES.digested())),
            found=f"no {', '.join(missing)}",
            hint="copy the folder again, or train it again",
        )
    path = folder / FILES.config
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ModelFolderError(f"{path} is not JSON", found=str(error)) from None
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        found = data.get("format") if isinstance(data, dict) else type(data).__name__
        raise ModelFolderError(
            f"{path} is of an unknown format",
            expected=f"format {FORMAT}",
            found=f"{found!r}",
            hint="the model was made by another version of sayso: install that one, or train again",
        )
    try:
        return _from_dict(data, path)
    except (KeyError, TypeError, ValueError) as error:
        raise ModelFolderError(f"{path} is malformed", expected=f"keys {', '.join(_KEYS)}", found=repr(error)) from None


def _from_dict(data: Mapping[str, Any], path: Path) -> ModelConfig:
    unknown = sorted(set(data) - set(_KEYS))
    if unknown:
        raise ValueError(f"unknown keys {unknown}")
    encoder = data["encoder"]
    cls, sep, pad = encoder["special"]
    return ModelConfig(
        scheme=Scheme.from_dict(data["scheme"], f"{path}, scheme"),
        encoder=EncoderFacts(
            encoder["name"], encoder["config"], (cls, sep, pad), encoder["mask"], int(encoder["n_pointer"])
        ),
        window=WindowSettings(**data["window"]),
        weights=data["weights"],
        temperatures={head: _temperature(data["temperatures"][head]) for head in ("speaker", "stance")},
        training=data["training"],
        scores=data["scores"],
        parity=data["parity"],
        digests=data["digests"],
    )


def _temperature(value: Any) -> float:
    temperature = float(value)
    if not (math.isfinite(temperature) and temperature > 0):
        raise ValueError(f"temperature {value!r}: not a number greater than 0")
    return temperature


def check_digests(folder: Path, config: ModelConfig) -> None:
    """Compare the files with the digests in the configuration.

    Raises:
        ModelFolderError: a file is not the one that the configuration was written with.
    """
    for name in FILES.digested():
        found = file_digest(folder / name)
        if config.digests.get(name) != found:
            raise ModelFolderError(
                f"{folder / name} was changed or broken after training",
                expected=f"sha256 {config.digests.get(name)}",
                found=f"sha256 {found}",
                hint="copy the folder again; with git, check that large files were fetched",
            )


def file_digest(path: Path) -> str:
    """sha256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_tensors(folder: Path) -> dict[str, NDArray[Any]]:
    """All tensors of a folder, by name.

    Raises:
        ModelFolderError: the file is no safetensors file.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    path = folder / FILES.weights
    try:
        tensors: dict[str, NDArray[Any]] = load_file(path)
    except SafetensorError as error:
        raise ModelFolderError(f"{path} is not a safetensors file", found=str(error)) from None
    return tensors


def split_packed(tensors: Mapping[str, NDArray[Any]]) -> tuple[dict[str, NDArray[Any]], dict[str, Packed]]:
    """Part the tensors of a folder into plain ones and packed matrices, each by name."""
    packed: dict[str, Packed] = {}
    plain: dict[str, NDArray[Any]] = {}
    for name, tensor in tensors.items():
        if name.endswith(CODES):
            stem = name.removesuffix(CODES)
            packed[stem] = Packed(tensor, tensors.get(stem + MULTIPLIERS), tensors[stem + SCALE])
        elif not name.endswith((MULTIPLIERS, SCALE)):
            plain[name] = tensor
    return plain, packed


def load_tokenizer(folder: Path) -> Tokenizer:
    """The folder's tokenizer.

    Raises:
        ModelFolderError: the file is no tokenizer.
    """
    from tokenizers import Tokenizer

    path = folder / FILES.tokenizer
    try:
        return Tokenizer.from_file(str(path))
    except Exception as error:  # tokenizers raises bare Exception for anything wrong with the file
        raise ModelFolderError(f"{path} is not a tokenizer", found=str(error)) from None


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """A folder that appears under its name only when the block ends well; an older model there is replaced then.

    Raises:
        SaysoError: something that is not a model folder stands there.
    """
    old, part = (folder.with_name(f".{folder.name}.{suffix}") for suffix in ("old", "part"))
    _put_back(old, folder)
    check_replaceable(folder)
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        yield part
        shutil.rmtree(old, ignore_errors=True)
        if folder.exists():
            folder.rename(old)
        part.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        _put_back(old, folder)
        shutil.rmtree(part, ignore_errors=True)


def _put_back(old: Path, folder: Path) -> None:
    """Undo a replacement that stopped between its two renames: the only whole model is the one set aside then."""
    if old.is_dir() and not folder.exists():
        old.rename(folder)


def check_replaceable(folder: Path) -> None:
    """See to it that nothing but a model folder would be replaced.

    Raises:
        SaysoError: something else stands there.
    """
    if not folder.exists():
        return
    if not folder.is_dir() or (not _holds_model(folder) and any(folder.iterdir())):
        raise SaysoError(
            f"{folder} exists and is no model folder",
            expected="a new name, or a model folder to replace",
            hint="choose another -o",
        )


def _holds_model(folder: Path) -> bool:
    try:
        return is_model_folder(folder)
    except (ConfigError, OSError):  # whatever it holds, it is not ours to replace
        return False


def is_model_folder(folder: Path) -> bool:
    """Whether it is a sayso model: its configuration names a format, that of a plain encoder does not.

    Raises:
        ConfigError: its configuration is none.
    """
    path = folder / FILES.config
    if not path.is_file():
        return False
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ConfigError(f"{path} is not JSON", found=str(error), hint="copy the encoder's folder again") from None
    if not isinstance(config, dict):
        raise ConfigError(f"{path} is no configuration", expected="a JSON object", found=type(config).__name__)
    return "format" in config


def shipped_model() -> Path:
    """The folder of the model that comes with sayso."""
    return Path(__file__).parent / "default"


def plain_array(value: object) -> NDArray[Any]:
    """An array that safetensors can write: contiguous, of a plain type."""
    return np.ascontiguousarray(value)
