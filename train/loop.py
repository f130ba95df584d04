"""The training loop: data and recipe in, a trained network and its history out.

Uses `accelerate` for device and precision; `stream` makes the batches, `losses` what is minimised, `data` what is read.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..evaluation.scores import confusion, macro_f1
from ..model.scheme import Scheme
from ..model.scorer import ArticleScores, Scorer
from ..model.windows import WindowBuilder, WindowSettings
from .augment import Augmentation
from .encoders import Encoder
from .examples import TrainingArticle
from .losses import LossWeights, Targets, distillation_loss, loss
from .masters import MasterWeights
from .settings import TrainSettings
from .stream import WindowStream
from .targets import TargetBatch, TargetBuilder
from .torch_runner import TorchRunner, as_tensors


@dataclass(frozen=True, slots=True)
class EpochScore:
    """What one epoch reached on the validation articles."""

    epoch: int
    loss: float
    speaker_f1: float
    stance_f1: float
    both: float
    seconds: float
    rounded: bool = False

    @property
    def mean_f1(self) -> float:
        """What epochs are chosen by: the mean of both macro-F1."""
        return (self.speaker_f1 + self.stance_f1) / 2


@dataclass(frozen=True, slots=True)
class Trained:
    """A trained network (best weights loaded, in full or settled precision) and its history."""

    network: nn.Module
    history: tuple[EpochScore, ...]
    best_epoch: int


def window_settings(settings: TrainSettings) -> WindowSettings:
    """The recipe's windows."""
    recipe = settings.window
    return WindowSettings(recipe.n_tokens, recipe.context_before, recipe.context_after)


def train(
    network: nn.Module,
    encoder: Encoder,
    scheme: Scheme,
    settings: TrainSettings,
    rows: Sequence[dict[str, Any]],
    validation: Sequence[TrainingArticle],
    *,
    teachers: Sequence[nn.Module] = (),
    state: Path | None = None,
    n_workers: int = 0,
    say: Callable[[str], None] = print,
) -> Trained:
    """Train a network by a recipe.

    Args:
        network: starts from its present weights.
        encoder: its encoder's tokenizer and special tokens.
        scheme: the study's.
        settings: the recipe.
        rows: training articles as plain data (a `datasets` Dataset).
        validation: articles of the study to choose the best epoch by; none: the last epoch is taken.
        teachers: networks to distil from.
        state: file in which a run is saved after every epoch, and from which a broken one goes on.
        n_workers: processes that make windows.
        say: receives a line an epoch.
    """
    from accelerate import Accelerator
    from accelerate.utils import set_seed

    set_seed(settings.run_seed)
    accelerator = Accelerator(mixed_precision="no")
    builder = WindowBuilder(encoder.tokenizer, window_settings(settings), encoder.special)
    # Looking ahead labels nothing and costs a tenth of the compute; in training all sentences behind the context count.
    ahead = replace(window_settings(settings), context_after=0)
    reader = WindowBuilder(encoder.tokenizer, ahead, encoder.special)
    mask_id = encoder.tokenizer.token_to_id(encoder.mask)
    assert mask_id is not None, "load_encoder sees to it that there is a mask token"
    augmentation = Augmentation(**settings.augmentation.model_dump())
    stream = WindowStream(
        rows,
        TargetBuilder(reader, scheme, augmentation, mask_id),
        settings.batch_tokens,
        settings.run_seed,
        {"polnear": settings.polnear_share},
        n_workers,
    )
    if settings.freeze_embeddings:
        freeze_embeddings(network)
    n_steps = settings.epochs * sum(1 for _ in stream.epoch(0))
    network.to(accelerator.device, torch.bfloat16 if settings.precision == "bf16" else torch.float32)
    masters = MasterWeights(network, parameter_groups(network, settings), n_steps, settings)
    for teacher in teachers:
        teacher.to(accelerator.device).eval()
    weights = LossWeights(**settings.loss.model_dump())

    history: list[EpochScore] = []
    best: dict[str, Tensor] = {}
    first = 0
    if state is not None and state.is_file():
        first, history, best = _restore(state, masters)
        say(f"going on after epoch {first} of {settings.epochs}")
    for epoch in range(first, settings.epochs):
        began, total, n_batches, reported = time.monotonic(), 0.0, 0, time.monotonic()
        network.train()
        for batch in stream.epoch(epoch):
            value = _step_loss(network, batch, teachers, weights, settings.distil, accelerator.device)
            accelerator.backward(value)
            masters.step()
            total, n_batches = total + float(value.detach()), n_batches + 1
            if time.monotonic() - reported > 60:
                reported = time.monotonic()
                say(f"  step {masters.n_done} of {n_steps}  loss {total / n_batches:.3f}")
        score = _validate(network, builder, scheme, validation, epoch + 1, total / max(1, n_batches), began)
        # Epochs before rounding began know nothing of what rounding costs: they are no candidates.
        candidates = [h for h in history if h.rounded or settings.weights == "float32"]
        score = replace(score, rounded=masters.rounding)
        chosen = not validation or not candidates or score.mean_f1 > max(h.mean_f1 for h in candidates)
        if chosen:
            best = masters.result()
        history.append(score)
        say(
            f"epoch {score.epoch:2d}/{settings.epochs}  loss {score.loss:.3f}  speaker F1 {score.speaker_f1:.3f}  "
            f"stance F1 {score.stance_f1:.3f}  both {score.both:.3f}  {score.seconds:.0f} s{'  *' if chosen else ''}"
        )
        if state is not None:
            _save(state, epoch + 1, history, best, masters)
        if _stale(history, settings.patience):
            say(f"no better for {settings.patience} epochs: stopping")
            break
    masters.finish()
    network.to("cpu", torch.float32)
    network.load_state_dict(best)
    n_best = max((h for h in history if h.rounded or settings.weights == "float32"), key=lambda h: h.mean_f1).epoch
    return Trained(network, tuple(history), n_best if validation else history[-1].epoch)


def _stale(history: Sequence[EpochScore], patience: int) -> bool:
    if patience == 0 or len(history) <= patience:
        return False
    return max(h.mean_f1 for h in history[:-patience]) >= max(h.mean_f1 for h in history[-patience:])


def _step_loss(
    network: nn.Module,
    batch: TargetBatch,
    teachers: Sequence[nn.Module],
    weights: LossWeights,
    distil: float,
    device: torch.device,
) -> Tensor:
    feed = as_tensors(batch.feed, device, next(network.parameters()).dtype)
    targets = Targets(
        read=feed["sentence_pool"].sum(-1) > 0,
        attention=feed["attention"],
        speakers=torch.from_numpy(batch.speakers).to(device),
        stance=torch.from_numpy(batch.stance).to(device),
        weight=torch.from_numpy(batch.weight).to(device),
        tags=torch.from_numpy(batch.tags).to(device),
        pointer=torch.from_numpy(batch.pointer).to(device),
    )
    output = network(**feed)
    value = loss(output, targets, weights)
    if teachers:
        with torch.no_grad():
            said = [teacher(**feed) for teacher in teachers]
        value = (1 - distil) * value + distil * distillation_loss(output, said, targets, weights)
    return value


def freeze_embeddings(network: nn.Module) -> None:
    """Leave words and positions as they are: a few thousand sentences know nothing better of them."""
    encoder: Any = network.encoder
    for name, parameter in encoder.embeddings.named_parameters():
        parameter.requires_grad_("LayerNorm" in name)


def parameter_groups(network: nn.Module, settings: TrainSettings) -> list[dict[str, Any]]:
    """Parameters with their rates: lower in the encoder's lower layers; no decay for biases and norms."""
    encoder: Any = network.encoder
    n_layers = int(encoder.config.num_hidden_layers)
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        if not parameter.requires_grad:
            continue
        if name.startswith("encoder."):
            parts = name.split(".")
            number = next((int(p) for p in parts if p.isdigit()), None)
            depth = n_layers - number - 1 if number is not None else n_layers
            rate = settings.learning_rate * settings.layer_decay**depth
        else:
            rate = settings.head_learning_rate
        decay = settings.weight_decay if parameter.dim() > 1 else 0.0
        groups.setdefault((rate, decay), []).append(parameter)
    return [{"params": members, "lr": rate, "weight_decay": decay} for (rate, decay), members in groups.items()]


def score_articles(scorer: Scorer, articles: Sequence[TrainingArticle]) -> list[ArticleScores]:
    """Raw scores of training articles' sentences."""
    return scorer.score([scorer.encode(a.text, a.sentences) for a in articles])


def _validate(
    network: nn.Module,
    builder: WindowBuilder,
    scheme: Scheme,
    validation: Sequence[TrainingArticle],
    epoch: int,
    mean_loss: float,
    began: float,
) -> EpochScore:
    if not validation:
        return EpochScore(epoch, mean_loss, 0.0, 0.0, 0.0, time.monotonic() - began)
    scorer = Scorer(builder, scheme, TorchRunner(network, 8192))
    scores = score_articles(scorer, validation)
    speaker = np.concatenate([s.speaker.argmax(-1) for s in scores])
    stance = np.concatenate([s.stance.argmax(-1) for s in scores])
    gold_speaker = np.array([scheme.speaker_ids.index(t.speakers[0]) for a in validation for t in a.targets])
    gold_stance = np.array([scheme.stance_ids.index(str(t.stance)) for a in validation for t in a.targets])
    return EpochScore(
        epoch,
        mean_loss,
        macro_f1(confusion(gold_speaker, speaker, len(scheme.speakers))),
        macro_f1(confusion(gold_stance, stance, len(scheme.stances))),
        float(((speaker == gold_speaker) & (stance == gold_stance)).mean()),
        time.monotonic() - began,
    )


def _save(path: Path, epoch: int, history: list[EpochScore], best: dict[str, Tensor], masters: MasterWeights) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    saved = {
        "epoch": epoch,
        "history": [asdict(h) for h in history],
        "best": best,
        "masters": masters.state_dict(),
        "rng": torch.get_rng_state(),
    }
    torch.save(saved, part)
    part.replace(path)


def _restore(path: Path, masters: MasterWeights) -> tuple[int, list[EpochScore], dict[str, Tensor]]:
    # weights_only: tensors and plain data, so that a state file cannot run code.
    saved = torch.load(path, map_location="cpu", weights_only=True)
    masters.load_state_dict(saved["masters"])
    torch.set_rng_state(saved["rng"])
    return int(saved["epoch"]), [EpochScore(**h) for h in saved["history"]], saved["best"]
