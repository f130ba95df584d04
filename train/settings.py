"""A training recipe: strict keys, checked before any long work, stored with the model it makes."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ..model.errors import ConfigError
from ..model.scheme import faults
from ..model.strict_yaml import YAML_HINT, strict_yaml

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Positive = Annotated[float, Field(gt=0.0)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Standoff(_Strict):
    """Stand-off labels, the folder that holds their texts, and how much a sentence of them weighs."""

    labels: Path
    texts: Path
    weight: Annotated[float, Field(ge=0)] = 1.0


class Readings(_Strict):
    """Articles of PolNeAR that were read by the codebook; see `train.readings`.

    Attributes:
        folder: their labels and speakers (seeds/polnear).
        weight: how much a sentence of them weighs.
        share: of these articles that one epoch reads.
        strangers: whether none of their speakers is the study's, those with the id of a study's speaker aside; read
            under the study's scheme, they are then its rest, and else anybody but the outlet.
    """

    folder: Path
    weight: Annotated[float, Field(ge=0)] = 1.0
    share: Share = 1.0
    strangers: bool = False


class Data(_Strict):
    """What to learn from; paths are relative to where the command runs.

    Attributes:
        authored: folders of authored articles (seeds/articles).
        standoff: stand-off labels of texts that the project does not hold.
        polnear: PolNeAR's train folder.
        readings: articles of it that were read by the codebook; they are then left out of `polnear`.
        rows: files of labelled rows.
    """

    authored: tuple[Path, ...] = ()
    standoff: tuple[Standoff, ...] = ()
    polnear: Path | None = None
    readings: Readings | None = None
    rows: tuple[Path, ...] = ()

    @model_validator(mode="after")
    def _has_texts(self) -> Data:
        if self.readings is not None and self.polnear is None:
            raise ValueError("readings label articles of PolNeAR: name its train folder in polnear (or --polnear)")
        return self


class WindowRecipe(_Strict):
    """See `model.windows.WindowSettings`."""

    n_tokens: Annotated[int, Field(ge=64)] = 512
    context_before: Annotated[int, Field(ge=0)] = 128
    context_after: Annotated[int, Field(ge=0)] = 48
    introductions: Annotated[int, Field(ge=0)] = 0


class LossRecipe(_Strict):
    """See `train.losses.LossWeights`."""

    speaker: Annotated[float, Field(ge=0)] = 1.0
    stance: Annotated[float, Field(ge=0)] = 1.0
    tags: Annotated[float, Field(ge=0)] = 0.5
    pointer: Annotated[float, Field(ge=0)] = 0.3
    smoothing: Share = 0.05


class AugmentationRecipe(_Strict):
    """See `train.augment.Augmentation`."""

    names: Share = 0.25
    quotes: Share = 0.3
    drop_mentions: Share = 0.25
    drop_mention: Share = 0.15
    drop_speaker: Share = 0.1
    shuffle: Share = 0.5
    drop_token: Share = 0.03
    paragraphs: Share = 0.0
    unknown: Share = 0.0
    generic: Share = 0.0


class TrainSettings(_Strict):
    """Everything that a run depends on besides the data and the packages.

    Attributes:
        scheme: name of a shipped scheme, or a YAML file.
        encoder: `minilm` (from its package), `shipped` (the shipped model goes on learning), a sayso model folder, an
            encoder folder, or a hub name.
        layers: numbers of the encoder's layers to keep, counted from 0; empty keeps all.
        data: what to learn from.
        validation_share: share of the study's articles held out to choose the best epoch and the temperatures.
        held_out: file that names the articles to hold out instead, an id a line: models trained on different data
            can then be compared on the same articles. Needs a validation_share of 0.
        split_seed: of the split.
        run_seed: of everything else.
        epochs: passes over the data, at most.
        min_steps: steps to take at least, however few labels there are: an epoch then reads them several times.
        patience: epochs without a better validation score after which training stops; 0 never stops early.
        batch_tokens: tokens of a padded batch.
        learning_rate: of the encoder's last layer.
        head_learning_rate: of the heads.
        layer_decay: factor of the rate from each layer to the one below it.
        warmup: share of all steps in which the rate rises.
        weight_decay: of all matrices.
        class_weight: exponent of inverse class frequency by which rare speakers weigh more; 0 for none.
        polnear_share: share of PolNeAR's articles read in one epoch.
        polnear_weight: weight of a PolNeAR sentence beside one of the study's.
        precision: bf16 (several times as fast on CPUs with AMX or AVX-512 BF16, slow on those without), or float32.
        weights: how the model folder keeps its matrices (`model.packing`).
        rounding_from: share of all steps after which packed weights and activations are rounded in training too.
        freeze_embeddings: leave the encoder's word and position embeddings as they are.
        dropout: in the encoder and on sentence vectors.
        teachers: model folders to distil from.
        distil: weight of the teachers' word beside the labels', 0 to 1.
        window: how windows are cut.
        loss: weights of the loss's parts.
        augmentation: how often an article is changed.
        licence: SPDX name of the licence that the model is given, for its card; None leaves that open.
    """

    scheme: str
    encoder: str = "minilm"
    layers: tuple[Annotated[int, Field(ge=0)], ...] = ()
    data: Data = Data()
    validation_share: Share = 0.1
    held_out: Path | None = None
    split_seed: int = 0
    run_seed: int = 0
    epochs: Annotated[int, Field(ge=1)] = 8
    min_steps: Annotated[int, Field(ge=0)] = 0
    patience: Annotated[int, Field(ge=0)] = 3
    batch_tokens: Annotated[int, Field(ge=64)] = 8192
    learning_rate: Positive = 3e-5
    head_learning_rate: Positive = 3e-4
    layer_decay: Annotated[float, Field(gt=0.0, le=1.0)] = 0.9
    warmup: Share = 0.1
    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    class_weight: Share = 0.0
    polnear_share: Share = 0.5
    polnear_weight: Annotated[float, Field(ge=0)] = 0.5
    precision: Literal["bf16", "float32"] = "bf16"
    weights: Literal["float32", "int8", "int4"] = "float32"
    rounding_from: Share = 0.8
    freeze_embeddings: bool = True
    dropout: Share = 0.0
    teachers: tuple[Path, ...] = ()
    distil: Share = 0.7
    window: WindowRecipe = WindowRecipe()
    loss: LossRecipe = LossRecipe()
    augmentation: AugmentationRecipe = AugmentationRecipe()
    licence: str | None = None

    @model_validator(mode="after")
    def _window_fits(self) -> TrainSettings:
        window = self.window
        context = window.context_before + window.context_after + window.introductions
        if context > window.n_tokens // 2:
            raise ValueError(
                f"window.context_before + window.context_after + window.introductions is {context}, "
                f"more than half of window.n_tokens, {window.n_tokens}"
            )
        return self

    @model_validator(mode="after")
    def _held_out_once(self) -> TrainSettings:
        if self.held_out is not None and self.validation_share > 0:
            raise ValueError(
                "held_out names the articles to hold out: set validation_share to 0, or leave held_out out"
            )
        return self

    @property
    def bits(self) -> Literal[4, 8] | None:
        """Bits that a packed weight has under this recipe, None for full precision."""
        bits: dict[str, Literal[4, 8] | None] = {"float32": None, "int8": 8, "int4": 4}
        return bits[self.weights]

    @classmethod
    def from_dict(cls, data: object, where: str) -> TrainSettings:
        """Check plain data strictly.

        Raises:
            ConfigError: with every fault, and the nearest known key for a misspelt one.
        """
        try:
            return cls.model_validate(data)
        except ValidationError as error:
            raise ConfigError(
                f"{where} is no valid recipe",
                expected="the keys of configs/default.yaml",
                found="; ".join(faults(error)),
                hint=_nearest_keys(error),
            ) from None

    @classmethod
    def load(cls, path: Path) -> TrainSettings:
        """Read a YAML recipe, from a file or, by its bare name (`default`), from those that ship with sayso.

        Raises:
            ConfigError: no such file, no YAML, or no valid recipe.
        """
        shipped = files("sayso.configs") / (path.name if path.suffix else f"{path.name}.yaml")
        if path.is_file():
            try:
                text = path.read_text(encoding="utf-8")
            except UnicodeDecodeError as error:
                raise ConfigError(f"{path} is no text in UTF-8", found=str(error)) from None
        elif path.parent in (Path("."), Path("configs")) and shipped.is_file():
            text = shipped.read_text(encoding="utf-8")
        else:
            raise ConfigError(f"no recipe {path}", expected="a YAML file such as configs/default.yaml")
        try:
            data = strict_yaml(text)
        except ValueError as error:
            raise ConfigError(f"{path} is no clean YAML", found=str(error), hint=YAML_HINT) from None
        return cls.from_dict(data, str(path))

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as it would stand in YAML or JSON."""
        return self.model_dump(mode="json")


def _nearest_keys(error: ValidationError) -> str:
    from difflib import get_close_matches

    models: list[type[BaseModel]] = [TrainSettings, Data, Standoff, Readings]
    models += [WindowRecipe, LossRecipe, AugmentationRecipe]
    known = {name for model in models for name in model.model_fields}
    hints = []
    for fault in error.errors():
        if fault["type"] == "extra_forbidden":
            near = get_close_matches(str(fault["loc"][-1]), known, n=1)
            hints += [f"did you mean {near[0]!r}?"] if near else []
    return " ".join(hints)
