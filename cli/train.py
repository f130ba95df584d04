"""`sayso train`: labelled rows to a model folder."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ..model.scheme import Scheme
    from ..train.rows import RowFile
    from ..train.settings import TrainSettings

#: What training imports beyond what labelling needs, some of it only when the model is written.
_PACKAGES = ("torch", "transformers", "accelerate", "datasets", "evaluate", "onnx", "onnxscript")


def train(
    config: Annotated[Path, typer.Option("--config", "-c", help="Recipe: a YAML file, or the name of a shipped one.")],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The model folder to make.")] = None,
    data: Annotated[
        list[Path] | None,
        typer.Option(
            help="Labelled sentences to learn from, in any format of `sayso convert`; instead of the recipe's data."
        ),
    ] = None,
    scheme: Annotated[
        str | None, typer.Option("--scheme", "-s", help="Scheme name or YAML file, instead of the recipe's.")
    ] = None,
    encoder: Annotated[
        str | None,
        typer.Option(help="What to start from, instead of the recipe's: minilm, shipped, a folder, or a hub name."),
    ] = None,
    polnear: Annotated[Path | None, typer.Option(help="PolNeAR's train folder, instead of the recipe's.")] = None,
    real: Annotated[
        Path | None, typer.Option(help="Folder of the texts that the recipe's stand-off labels label.")
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the data, instead of the recipe's.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the run, instead of the recipe's.")] = None,
    folds: Annotated[
        int | None, typer.Option(min=2, help="Measure by cross-validation over so many folds; no model is made.")
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(min=2, help="Measure the spread over so many seeds; no model is made.")
    ] = None,
    curve: Annotated[
        bool, typer.Option("--curve", help="Measure what more labels bring: the learning curve; no model is made.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read and check everything, say what would happen, stop.")
    ] = False,
) -> None:
    """Train a model. A run that was broken off goes on where it stopped."""
    if sum((folds is not None, seeds is not None, curve)) > 1:
        raise typer.BadParameter("choose one of --folds, --seeds and --curve")
    settings = _settings(config, data, scheme, encoder, polnear, real, epochs, seed)
    _check_ends(settings, out)
    _check_packages(dry_run=dry_run)
    if dry_run or folds is not None or seeds is not None or curve:
        _without_model(settings, folds, seeds, curve=curve, dry_run=dry_run)
        return
    if out is None:
        raise typer.BadParameter("name the model folder to make", param_hint="--out")
    from ..train.run import run

    try:
        made = run(settings, out, command="sayso " + " ".join(sys.argv[1:]), say=_say, read=_read_any)
    except KeyboardInterrupt:
        if out.with_name(f"{out.name}.state").is_file():
            _say("whole epochs are kept: the same command goes on after the last one")
        raise
    scores = made.scores
    if scores:
        typer.echo(
            f"{out}: speaker macro-F1 {scores['speaker']['macro_f1']:.3f}, "
            f"stance macro-F1 {scores['stance']['macro_f1']:.3f}, both right {scores['both_right']:.3f} "
            f"on {scores['n_sentences']} held-out sentences",
            err=True,
        )


def _say(line: str) -> None:
    typer.echo(line, err=True)


def _read_any(path: Path, scheme: Scheme) -> RowFile:
    """Rows of a file in any format that `sayso convert` reads."""
    from ..formats import find_format, read
    from ..formats.base import ReadOptions
    from ..train.rows import PlacedRow, RowFile, read_row_file

    if find_format(path).name == "rows":
        return read_row_file(path, scheme)
    reading = read(path, ReadOptions(scheme), check=False)
    return RowFile(tuple(PlacedRow(where, row) for where, row in reading.placed(path)), reading.notes)


def _without_model(
    settings: TrainSettings, folds: int | None, seeds: int | None, *, curve: bool, dry_run: bool
) -> None:
    """Say what would be learned from, and run the trials that were asked for and print them as a table."""
    from rich.console import Console
    from rich.table import Table

    from ..train.data import read_study

    study = read_study(settings, _read_any, hold_out=folds is None)
    for line in study.summary:
        _say(line)
    if dry_run and folds is None and seeds is None and not curve:
        return
    from ..train.trials import curve_trials, fold_trials, run_trials, seed_trials, spread, worth_more

    if folds is not None:
        trials = fold_trials(study.articles, folds, settings)
    elif seeds is not None:
        trials = seed_trials(study.parts, seeds, settings)
    else:
        trials = curve_trials(study.parts, settings)
    if dry_run:
        _say(f"{len(trials)} models would be trained: {', '.join(trial.name for trial in trials)}")
        return
    scores = list(run_trials(trials, settings, study.scheme, _say))
    table = Table("run", "articles", "sentences", "speaker F1", "stance F1", "both right")
    for s in scores:
        figures = (f"{s.speaker_f1:.3f}", f"{s.stance_f1:.3f}", f"{s.both:.3f}")
        table.add_row(s.trial, str(s.n_articles), str(s.n_sentences), *figures)
    Console().print(table)
    typer.echo(worth_more(scores) if curve else spread(scores))


def _settings(
    config: Path,
    data: list[Path] | None,
    scheme: str | None,
    encoder: str | None,
    polnear: Path | None,
    real: Path | None,
    epochs: int | None,
    seed: int | None,
) -> TrainSettings:
    """The recipe with the command line's changes, checked as a whole."""
    from ..train.settings import Data, TrainSettings

    settings = TrainSettings.load(config)
    values = settings.to_dict()
    if data is not None:
        values["data"] = Data(rows=tuple(data)).model_dump(mode="json")
    if polnear is not None:
        values["data"]["polnear"] = str(polnear)
    if real is not None:
        for standoff in values["data"]["standoff"]:
            standoff["texts"] = str(real)
    given = {"scheme": scheme, "encoder": encoder, "epochs": epochs, "run_seed": seed}
    values |= {key: value for key, value in given.items() if value is not None}
    return TrainSettings.from_dict(values, f"{config} with the options given")


def _check_ends(settings: TrainSettings, out: Path | None) -> None:
    """Find out before anything is read that a run could not start, or its result not be written."""
    from ..model.checkpoint import check_replaceable
    from ..train.encoders import check_encoder

    if out is not None:
        _check_out(out)
        check_replaceable(out)
    check_encoder(settings.encoder)


def _check_packages(*, dry_run: bool) -> None:
    """Find out before anything is read that training, or writing its graph hours later, lacks a package.

    A dry run only says so: labels may be checked on a machine that will not train.
    """
    from importlib.util import find_spec

    from ..model.errors import SaysoError

    missing = [name for name in _PACKAGES if find_spec(name) is None]
    if not missing:
        return
    error = SaysoError(
        "training needs packages that are not installed",
        found=", ".join(missing),
        hint="pip install torch 'sayso[train]'",
    )
    if not dry_run:
        raise error
    _say(f"WARNING: {error.one_line()}")


def _check_out(out: Path) -> None:
    """Find out before hours of work that the result could not be written."""
    import os

    from ..model.errors import SaysoError

    if out.name in {"", ".."}:
        raise SaysoError(f"cannot make a model folder of {out}", expected="a folder's name", hint="-o NAME")
    place = out.absolute()
    while not place.exists():
        place = place.parent
    if not place.is_dir() or not os.access(place, os.W_OK):
        raise SaysoError(f"cannot write {out}", expected="a folder that may be written", found=f"{place} may not")
