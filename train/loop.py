"""The training loop: data and recipe in, a trained network and its history out.

Uses `accelerate` for device and precision; `stream` makes the batches, `losses` what is minimised, `data` what is read.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..evaluation.scores import confusion, macro_f1
from ..model.rowfiles import whole_file
from ..model.scheme import Scheme
from ..model.scorer import ArticleScores, Scorer
from ..model.windows import WindowBuilder, WindowSettings
from .augment import Augmentation
from .encoders import Encoder
from .examples import TrainingArticle
from .losses import LossWeights, Targets, distillation_loss, loss
from .masters import MasterWeights
from .pace import expected_time, measured_pace
from .readings import ORIGIN as READINGS
from .settings import TrainSettings
from .stream import WindowStream
from .targets import TargetBatch, TargetBuilder
from .torch_runner import TorchRunner, as_tensors

if TYPE_CHECKING:
    from accelerate import Accelerator


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
    return WindowSettings(recipe.n_tokens, recipe.context_before, recipe.context_after, recipe.introductions)


def epoch_shares(settings: TrainSettings) -> dict[str, float]:
    """Share of each collection's articles that one epoch reads, by origin; 1 where it is not named."""
    readings = settings.data.readings
    return {"polnear": settings.polnear_share} | ({} if readings is None else {READINGS: readings.share})


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
        epoch_shares(settings),
    )
    if settings.freeze_embeddings:
        freeze_embeddings(network)
    exact = {name: value.detach().float().clone() for name, value in network.state_dict().items()}
    precision = torch.bfloat16 if settings.precision == "bf16" else torch.float32
    network.to(accelerator.device, precision)
    for teacher in teachers:
        teacher.to(accelerator.device, precision).eval()
    weights = LossWeights(**settings.loss.model_dump())

    def loss_of(batch: TargetBatch) -> Tensor:
        return _step_loss(network, batch, teachers, weights, settings.distil, accelerator.device)

    n_batches, seconds = measured_pace(network, stream.epoch(0), loss_of)
    n_reads = max(1, -(-settings.min_steps // max(1, settings.epochs * n_batches)))
    if n_reads > 1:
        say(f"few labels: each epoch reads them {n_reads} times")
    n_steps = settings.epochs * n_batches * n_reads
    masters = MasterWeights(network, exact, parameter_groups(network, settings), n_steps, settings)

    history: list[EpochScore] = []
    best: dict[str, Tensor] = {}
    first = 0
    if state is not None and state.is_file():
        first, history, best = _restore(state, masters)
        say(f"going on after epoch {first} of {settings.epochs}")
    say(
        expected_time(
            settings.epochs - first, n_batches * n_reads, seconds, early=settings.patience > 0 and bool(validation)
        )
    )
    for epoch in range(first, settings.epochs):
        if validation and _stale([h for h in history if h.rounded == masters.rounding], settings.patience):
            if masters.bits is None or masters.rounding:
                say(f"no better for {settings.patience} epochs: stopping")
                break
            # Only rounded weights can be kept: learn to live with that now instead of at the recipe's time.
            say(f"no better for {settings.patience} epochs: going on with rounded weights")
            masters.begin_rounding()
        began = time.monotonic()
        batches = chain.from_iterable(stream.epoch(epoch * n_reads + i) for i in range(n_reads))
        mean_loss = _run_epoch(network, batches, loss_of, masters, n_steps, accelerator, say)
        score = _validate(network, builder, scheme, validation, epoch + 1, mean_loss, began)
        # Epochs before rounding began know nothing of what rounding costs: they are no candidates.
        candidates = [h for h in history if h.rounded or settings.weights == "float32"]
        score = replace(score, rounded=masters.rounding)
        chosen = not validation or not candidates or score.mean_f1 > max(h.mean_f1 for h in candidates)
        if chosen:
            best = masters.result()
        history.append(score)
        say(_told(score, settings.epochs, chosen=chosen, measured=bool(validation)))
        if state is not None:
            _save(state, epoch + 1, history, best, masters)
    masters.finish()
    network.to("cpu", torch.float32)
    network.load_state_dict(best)
    # Epochs differ in length (a share of PolNeAR, paragraphs cut anew): a run may end before rounding was to begin.
    candidates = [h for h in history if h.rounded or settings.weights == "float32"]
    chosen_by_score = bool(validation and candidates)
    n_best = max(candidates, key=lambda h: h.mean_f1).epoch if chosen_by_score else history[-1].epoch
    return Trained(network, tuple(history), n_best)


def _run_epoch(
    network: nn.Module,
    batches: Iterable[TargetBatch],
    loss_of: Callable[[TargetBatch], Tensor],
    masters: MasterWeights,
    n_steps: int,
    accelerator: Accelerator,
    say: Callable[[str], None],
) -> float:
    """Learn from one epoch's batches; returns their mean loss."""
    total, n_done, reported = 0.0, 0, time.monotonic()
    network.train()
    for batch in batches:
        value = loss_of(batch)
        accelerator.backward(value)
        masters.step()
        total, n_done = total + float(value.detach()), n_done + 1
        if time.monotonic() - reported > 60:
            reported = time.monotonic()
            say(f"  step {masters.n_done} of {n_steps}  loss {total / n_done:.3f}")
    return total / max(1, n_done)


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
    feed = as_tensors(batch.feed, device, _precision(network))
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
            said = [teacher(**as_tensors(batch.feed, device, _precision(teacher))) for teacher in teachers]
        value = (1 - distil) * value + distil * distillation_loss(output, said, targets, weights)
    return value


def _precision(network: nn.Module) -> torch.dtype:
    return next(network.parameters()).dtype


def freeze_embeddings(network: nn.Module) -> None:
    """Leave words and positions as they are: a few thousand sentences know nothing better of them."""
    encoder: Any = network.encoder
    for name, parameter in encoder.embeddings.named_parameters():
        parameter.requires_grad_("norm" in name.lower())  # LayerNorm; ModernBERT calls it norm


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
    """Raw scores of those sentences of training articles whose labels are known."""
    scored = []
    for article, scores in zip(
        articles, scorer.score([scorer.encode(a.text, a.sentences) for a in articles]), strict=True
    ):
        known = np.array([t.is_known for t in article.targets], bool)
        scored.append(replace(scores, speaker=scores.speaker[known], stance=scores.stance[known]))
    return scored


def gold_numbers(articles: Sequence[TrainingArticle], scheme: Scheme) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Gold speaker and stance numbers of the sentences that `score_articles` scores, (n_sentences,) each."""
    targets = [t for a in articles for t in a.targets if t.is_known]
    return (
        np.array([scheme.speaker_ids.index(t.speakers[0]) for t in targets], np.int64),
        np.array([scheme.stance_ids.index(str(t.stance)) for t in targets], np.int64),
    )


def measure(
    network: nn.Module, builder: WindowBuilder, scheme: Scheme, articles: Sequence[TrainingArticle]
) -> tuple[float, float, float]:
    """Speaker macro-F1, stance macro-F1, and share of sentences with both labels right, of articles of the study."""
    scores = score_articles(Scorer(builder, scheme, TorchRunner(network, 8192)), articles)
    speaker = np.concatenate([s.speaker.argmax(-1) for s in scores])
    stance = np.concatenate([s.stance.argmax(-1) for s in scores])
    gold_speaker, gold_stance = gold_numbers(articles, scheme)
    return (
        macro_f1(confusion(gold_speaker, speaker, len(scheme.speakers))),
        macro_f1(confusion(gold_stance, stance, len(scheme.stances))),
        float(((speaker == gold_speaker) & (stance == gold_stance)).mean()),
    )


def _validate(
    network: nn.Module,
    builder: WindowBuilder,
    scheme: Scheme,
    validation: Sequence[TrainingArticle],
    epoch: int,
    mean_loss: float,
    began: float,
) -> EpochScore:
    figures = measure(network, builder, scheme, validation) if validation else (0.0, 0.0, 0.0)
    return EpochScore(epoch, mean_loss, *figures, time.monotonic() - began)


def _told(score: EpochScore, n_epochs: int, *, chosen: bool, measured: bool) -> str:
    figures = f"speaker F1 {score.speaker_f1:.3f}  stance F1 {score.stance_f1:.3f}  both {score.both:.3f}  "
    return (
        f"epoch {score.epoch:2d}/{n_epochs}  loss {score.loss:.3f}  {figures if measured else ''}{score.seconds:.0f} s"
        f"{'  *' if measured and chosen else ''}"
    )


def _save(path: Path, epoch: int, history: list[EpochScore], best: dict[str, Tensor], masters: MasterWeights) -> None:
    saved = {
        "epoch": epoch,
        "history": [asdict(h) for h in history],
        "best": best,
        "masters": masters.state_dict(),
        "rng": torch.get_rng_state(),
        "rng_cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }
    with whole_file(path, binary=True) as file:
        try:
            torch.save(saved, file)
        except RuntimeError as error:
            # torch hides why it could not write to the end (a full disk) behind an error of its own.
            raise error.__context__ if isinstance(error.__context__, OSError) else error from None


def _restore(path: Path, masters: MasterWeights) -> tuple[int, list[EpochScore], dict[str, Tensor]]:
    # weights_only: tensors and plain data, so that a state file cannot run code.
    saved = torch.load(path, map_location="cpu", weights_only=True)
    masters.load_state_dict(saved["masters"])
    torch.set_rng_state(saved["rng"])
    if saved["rng_cuda"]:
        torch.cuda.set_rng_state_all(saved["rng_cuda"])
    return int(saved["epoch"]), [EpochScore(**h) for h in saved["history"]], saved["best"]
