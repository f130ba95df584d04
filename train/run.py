"""A whole training run: recipe to model folder, with the folder's scores, parity and card."""

from __future__ import annotations

import hashlib
import json
import platform
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from ..model.checkpoint import (
    FILES,
    EncoderFacts,
    ModelConfig,
    check_replaceable,
    file_digest,
    is_model_folder,
    new_folder,
)
from ..model.errors import ConfigError, ModelFolderError
from ..model.learned import digests, read_learned, write_learned
from ..model.rowfiles import whole_file
from ..model.runtime import OnnxRunner
from ..model.scheme import Scheme
from ..model.scorer import ArticleScores, RawScores, Scorer
from ..model.windows import WindowBuilder
from .calibrate import temperature
from .card import model_card
from .data import Split, Study, article_key, read_study, weighted
from .encoders import Encoder, keep_layers, load_encoder
from .examples import TrainingArticle
from .export import agreement, pack_network, write_graph
from .folder import load_network, load_teachers
from .loop import Trained, gold_numbers, score_articles, train, window_settings
from .quantise import with_rounded_weights
from .rows import RowReader, read_row_file
from .settings import TrainSettings
from .space import check_space, space_told
from .torch_runner import TorchRunner

#: A graph must give the labels of its weights in full-precision arithmetic on this share of sentences, all but one.
MIN_EQUAL = {"float32": 1.0, "int8": 0.98, "int4": 0.98}
#: Largest difference of a probability that float32 graphs may show.
MAX_P_DIFFERENCE = 1e-3
_PACKAGES = ("torch", "transformers", "accelerate", "datasets", "tokenizers", "onnxruntime", "numpy")


@dataclass(frozen=True, slots=True)
class Start:
    """Where a run starts: a network, its encoder, and the model folder that both come from, if it is one."""

    network: nn.Module
    encoder: Encoder
    place: Path | None = None


def start(settings: TrainSettings, scheme: Scheme) -> Start:
    """The network that a recipe starts from: a sayso model, or a plain encoder under new heads.

    Raises:
        ConfigError: the encoder cannot be loaded, or reads less at once than the recipe's windows have.
        ModelFolderError: it is a sayso model, and broken.
    """
    from ..model.checkpoint import shipped_model
    from ..model.network import Network

    place = shipped_model() if settings.encoder == "shipped" else Path(settings.encoder)
    if is_model_folder(place):
        network, encoder = load_network(place, scheme, settings.dropout)
        return Start(network, _fitting(settings, encoder), place)
    if settings.encoder == "shipped":
        raise ConfigError(
            "the shipped model is not here", expected=f"a model folder {place}", hint="set encoder: minilm"
        )
    encoder = _fitting(settings, load_encoder(settings.encoder, settings.dropout))
    return Start(Network(encoder.module, len(scheme.stances), len(scheme.speakers), dropout=settings.dropout), encoder)


def run(
    settings: TrainSettings,
    out: Path,
    *,
    command: str,
    say: Callable[[str], None] = print,
    read: RowReader = read_row_file,
) -> ModelConfig:
    """Train by a recipe and write the model folder.

    A run that was broken off goes on after its last whole epoch, from `OUT.state`, if the recipe, the scheme, the data
    and the weights that it starts from are the same.

    Args:
        settings: the recipe.
        out: the model folder to make.
        command: the command line, for the record.
        say: receives lines of progress.
        read: reads a file of labelled rows.

    Raises:
        SaysoError: data, recipe or encoder are wrong, there is no space for the result, or the exported graph does not
            compute what the network does.
    """
    import datasets
    import torch

    began = time.monotonic()
    check_replaceable(out)
    study = read_study(settings, read)
    scheme, parts = study.scheme, study.parts
    for line in study.summary:
        say(line)
    torch.manual_seed(settings.run_seed)  # new heads depend on the recipe's seed only
    begin = start(settings, scheme)
    # Before the long work: a broken file of digests is found now.
    learned = learned_from(parts.train, begin.place)
    if learned is None:
        say(f"{begin.place} does not say what it learned from: neither will {out}")
    digest = _digest(settings, study)
    state = out.with_name(f"{out.name}.state")
    check_space(out, state, begin.network, settings)
    _drop_stale_state(state, f"{digest} {_start_digest(scheme, begin.network)}", say)
    teachers = load_teachers(settings, scheme, begin.encoder)
    datasets.disable_progress_bars()
    rows = datasets.Dataset.from_list([a.to_dict() for a in weighted(parts.train, settings)])
    with space_told(out):
        trained = train(
            begin.network,
            begin.encoder,
            scheme,
            settings,
            rows,
            parts.validation,
            teachers=teachers,
            state=state,
            say=say,
        )
        facts = {
            "command": command,
            "recipe": settings.to_dict(),
            "data": {
                "digest": digest,
                "summary": list(study.summary),
                "held_out": [article.id for article in parts.validation],
            },
            "history": [asdict(h) for h in trained.history],
            "best_epoch": trained.best_epoch,
            "packages": {name: _version(name) for name in _PACKAGES},
            "python": platform.python_version(),
            "minutes": round((time.monotonic() - began) / 60, 1),
        }
        config = write_folder(trained, begin.encoder, scheme, settings, parts, learned, out, facts, say)
    state.unlink(missing_ok=True)
    state.with_suffix(".digest").unlink(missing_ok=True)
    return config


def learned_from(articles: Iterable[TrainingArticle], place: Path | None) -> NDArray[np.uint64] | None:
    """Digests of the sentences that a run may read, and of those that its starting model had; None if unknown."""
    known = digests(a.text[s.start : s.end] for a in articles for s in a.sentences)
    if place is None:
        return known
    before = read_learned(place)
    return None if before is None else np.union1d(known, before)


def _fitting(settings: TrainSettings, encoder: Encoder) -> Encoder:
    """The encoder with the layers that the recipe keeps; its windows must not be longer than it reads."""
    if settings.window.n_tokens > encoder.n_positions:
        raise ConfigError(
            "the window is longer than the encoder reads",
            expected=f"window.n_tokens of at most {encoder.n_positions} for {settings.encoder}",
            found=str(settings.window.n_tokens),
        )
    return keep_layers(encoder, settings.layers) if settings.layers else encoder


def write_folder(
    trained: Trained,
    encoder: Encoder,
    scheme: Scheme,
    settings: TrainSettings,
    parts: Split,
    learned: NDArray[np.uint64] | None,
    out: Path,
    facts: Mapping[str, Any],
    say: Callable[[str], None],
) -> ModelConfig:
    """Export a trained network, calibrate and score it through the runtime that users have, and write its folder."""
    from safetensors.numpy import save_file

    network: Any = trained.network
    exported, tensors = pack_network(trained.network, settings.bits)
    with new_folder(out) as folder:
        save_file(tensors, str(folder / FILES.weights))
        write_graph(exported, folder, len(scheme.speakers))
        encoder.tokenizer.save(str(folder / FILES.tokenizer))
        builder = WindowBuilder(encoder.tokenizer, window_settings(settings), encoder.special)
        runner = OnnxRunner(folder)
        # Without validation articles parity is still checked, on what was learned from.
        sample = list(parts.validation) if parts.validation else sorted(parts.train, key=lambda a: bool(a.voices))[:20]
        scores = score_articles(Scorer(builder, scheme, runner), sample)
        reference = TorchRunner(with_rounded_weights(trained.network, settings.bits), 1)
        parity = _parity(scores, score_articles(Scorer(builder, scheme, reference), sample), settings)
        say(f"parity with torch: {parity}")
        held_out = scores if parts.validation else []
        temperatures = fit_temperatures(held_out, parts.validation, scheme)
        config = ModelConfig(
            scheme=scheme,
            encoder=EncoderFacts(
                encoder.name, encoder.config, encoder.special, encoder.mask, int(network.pointer_query.out_features)
            ),
            window=window_settings(settings),
            weights=settings.weights,
            temperatures=temperatures,
            training=facts,
            scores=validation_scores(held_out, parts.validation, scheme, temperatures),
            parity=parity,
            digests={name: file_digest(folder / name) for name in FILES.digested()},
        )
        (folder / FILES.config).write_text(
            json.dumps(config.to_dict(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
        )
        (folder / FILES.card).write_text(model_card(config), encoding="utf-8")
        if learned is not None:
            write_learned(folder, learned)
    return config


def _parity(
    ours: Sequence[ArticleScores], theirs: Sequence[ArticleScores], settings: TrainSettings
) -> dict[str, float]:
    found = agreement(_stacked(ours), _stacked(theirs))
    exact = settings.weights == "float32"
    one = 0.0 if exact else 1 / sum(len(article.speaker) for article in ours)
    too_few = min(found["speaker_equal"], found["stance_equal"]) + one < MIN_EQUAL[settings.weights]
    if too_few or (exact and found["max_p_difference"] > MAX_P_DIFFERENCE):
        raise ModelFolderError(
            "the exported graph does not compute what the network does",
            expected=f"equal labels on {MIN_EQUAL[settings.weights]:.1%} of sentences",
            found=str(found),
            hint="train with weights: float32, or longer with rounded weights (rounding_from)",
        )
    return {name: round(value, 6) for name, value in found.items()}


def _stacked(scores: Sequence[ArticleScores]) -> RawScores:
    empty: NDArray[np.float32] = np.zeros((1, 1, 1), np.float32)
    return RawScores(
        np.concatenate([s.speaker for s in scores]), np.concatenate([s.stance for s in scores]), empty, empty
    )


def fit_temperatures(
    scores: Sequence[ArticleScores], articles: Sequence[TrainingArticle], scheme: Scheme
) -> dict[str, float]:
    """Temperatures of both heads, fitted on held-out articles; 1 where there are none."""
    if not scores:
        return {"speaker": 1.0, "stance": 1.0}
    stacked = _stacked(scores)
    speaker, stance = gold_numbers(articles, scheme)
    return {"speaker": temperature(stacked.speaker, speaker), "stance": temperature(stacked.stance, stance)}


def validation_scores(
    scores: Sequence[ArticleScores],
    articles: Sequence[TrainingArticle],
    scheme: Scheme,
    temperatures: Mapping[str, float],
) -> dict[str, Any]:
    """Figures on the held-out articles, through the exported graph; {} where there are none."""
    from ..evaluation.scores import calibration_error, confusion, label_scores
    from ..model.scorer import probabilities
    from .metrics import load_metric

    if not scores:
        return {}
    stacked = _stacked(scores)
    gold = dict(zip(("speaker", "stance"), gold_numbers(articles, scheme), strict=True))
    names = {"speaker": scheme.speaker_ids, "stance": scheme.stance_ids}
    p = {head: probabilities(getattr(stacked, head), temperatures[head]) for head in names}
    predicted = {head: p[head].argmax(-1) for head in names}
    references, predictions = (
        [{head: labels[n[head][i]] for head, labels in names.items()} for i in range(len(n["speaker"]))]
        for n in (gold, predicted)
    )
    macro = load_metric().compute(predictions=predictions, references=references)
    out: dict[str, Any] = {"n_articles": len(articles), "n_sentences": len(references)}
    for head, labels in names.items():
        hit = predicted[head] == gold[head]
        by_label = label_scores(confusion(gold[head], predicted[head], len(labels)), labels)
        out[head] = {
            "macro_f1": round(macro[f"{head}_macro_f1"], 4),
            "accuracy": round(float(hit.mean()), 4),
            "calibration_error": round(calibration_error(p[head].max(-1).astype(np.float64), hit), 4),
            "by_label": {score.label: {"f1": round(score.f1, 4), "n": score.n_gold} for score in by_label},
        }
    out["both_right"] = round(macro["both_right"], 4)
    return out


def _digest(settings: TrainSettings, study: Study) -> str:
    """Of the recipe and the data: all articles, which are held out, and the teachers that the recipe names by path."""
    digest = hashlib.sha256(json.dumps(settings.to_dict(), sort_keys=True).encode())
    for article in study.articles:
        digest.update(json.dumps(article.to_dict(), sort_keys=True, ensure_ascii=False).encode())
    digest.update(json.dumps([article_key(article) for article in study.parts.validation]).encode())
    for folder in settings.teachers:
        digest.update((folder / FILES.config).read_bytes())
    return digest.hexdigest()


def _start_digest(scheme: Scheme, network: nn.Module) -> str:
    """Of what the recipe only names: the scheme's content, and the weights that learning starts from."""
    digest = hashlib.sha256(json.dumps(scheme.to_dict(), sort_keys=True).encode())
    for name, value in network.state_dict().items():
        digest.update(name.encode())
        digest.update(value.detach().cpu().float().reshape(-1).numpy().data)
    return digest.hexdigest()


def _drop_stale_state(state: Path, digests: str, say: Callable[[str], None]) -> None:
    """Keep a broken run's state only if it is of this recipe and data, and of this scheme and starting point.

    A note of an earlier version holds the first digest alone; its state is kept if that one is right.
    """
    note = state.with_suffix(".digest")
    state.parent.mkdir(parents=True, exist_ok=True)
    noted = note.read_text(encoding="utf-8").split() if note.is_file() else []
    if state.is_file() and (not noted or noted != digests.split()[: len(noted)]):
        say(f"{state} is of another recipe, scheme or starting point, or of other data: starting anew")
        state.unlink()
    if noted != digests.split():
        with whole_file(note) as file:
            file.write(digests)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
