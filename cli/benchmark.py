"""`sayso benchmark`: the model beside what knows less, on the same gold: one table from nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .evaluate import progress, read_collections, tell
from .options import command

if TYPE_CHECKING:
    from ..evaluation.figures import Evaluation
    from ..evaluation.gold import GoldArticle
    from ..evaluation.judge import Predictor
    from ..model.labeller import Labeller
    from ..model.scheme import Scheme

#: What the baselines learn from unless told otherwise: the articles that the shipped model learned from, in a clone.
SEEDS = Path("seeds/articles")


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkOptions:
    """The options of `sayso benchmark`, each with what `--help` says about it."""

    gold: Annotated[list[Path], typer.Argument(metavar="GOLD...", help="Gold labels, as for `sayso evaluate`.")]
    texts: Annotated[
        list[Path] | None, typer.Option(help="Folder with the texts of stand-off labels; may be given several times.")
    ] = None
    train: Annotated[Path, typer.Option(help="Gold labels that the baselines learn from.")] = SEEDS
    model: Annotated[
        list[Path] | None, typer.Option(help="Model folder; may be given several times. Default: the shipped model.")
    ] = None
    scheme: Annotated[
        str | None, typer.Option("--scheme", "-s", help="Compare only baselines, with this scheme's labels.")
    ] = None
    finetune: Annotated[
        bool, typer.Option("--finetune", help="Fine-tune MiniLM on single sentences too: needs torch, takes minutes.")
    ] = False
    as_json: Annotated[bool, typer.Option("--json", help="Print all scores as JSON.")] = False
    resamples: Annotated[int, typer.Option(min=0, help="Samples of articles behind the intervals; 0 for none.")] = 1000
    seed: Annotated[int, typer.Option(min=0, help="Of the samples and of training.")] = 0


def run_benchmark(options: BenchmarkOptions) -> None:
    """Compare the model with a majority guess, a rule of cue verbs and names, and TF-IDF with logistic regression."""
    from ..evaluation.gold import read_gold
    from ..model.scheme import Scheme

    if options.scheme is not None and options.model:
        raise typer.BadParameter("compares only baselines, so it does not go with --model", param_hint="--scheme")
    _check_train(options.train)
    with ExitStack() as loaded:
        labellers = [] if options.scheme is not None else _labellers(options.model, loaded)
        scheme = labellers[0][1].scheme if options.scheme is None else Scheme.load(options.scheme)
        collections = read_collections(options.gold, scheme, options.texts)
        train = _unseen(read_gold(options.train, scheme, note=tell), collections, options.train)
        systems = [*_baselines(train, scheme, options), *labellers]
        tables = [(title, _scores(systems, gold, options)) for title, gold in collections]
    if options.as_json:
        plain = {title: {name: e.to_dict() for name, e in scores} for title, scores in tables}
        typer.echo(json.dumps(plain, indent=1, ensure_ascii=False))
        return
    from .evaluation_tables import print_benchmark, stdout_console

    console = stdout_console()
    for title, scores in tables:
        print_benchmark(console, scores, title)


def _check_train(train: Path) -> None:
    """Find out before models are loaded that the baselines have nothing to learn from."""
    from ..model.errors import SaysoError

    if not train.exists():
        raise SaysoError(
            f"no {train} for the baselines to learn from",
            expected="gold labels",
            hint="name some with --train" + (", or run this in a clone of sayso" if train == SEEDS else ""),
        )


def _unseen(
    train: Sequence[GoldArticle], collections: Sequence[tuple[str, Sequence[GoldArticle]]], path: Path
) -> list[GoldArticle]:
    """The training articles that are not among those which the baselines are scored on; the others are told.

    Raises:
        RowError: nothing is left.
    """
    from ..evaluation.gold import apart_from
    from ..model.errors import RowError

    unseen = apart_from(train, (article for _, gold in collections for article in gold))
    if not unseen:
        raise RowError(
            f"nothing in {path} for the baselines to learn from",
            expected="gold labels of other articles than GOLD",
            found=f"{len(train)} articles, all of them in GOLD",
            hint="name others with --train",
        )
    if len(unseen) < len(train):
        n_left = len(train) - len(unseen)
        tell(f"{path}: the baselines do not learn from {n_left} of {len(train)} articles: GOLD has them")
    return unseen


def _labellers(folders: Sequence[Path] | None, loaded: ExitStack) -> list[tuple[str, Labeller]]:
    """The models by name; `loaded` closes them.

    Raises:
        SaysoError: two have other labels.
    """
    from ..model.errors import SaysoError
    from ..model.labeller import Labeller

    named: list[tuple[str, Path | None]] = [("sayso, shipped model", None)]
    if folders is not None:
        named = [(f"sayso, {folder}", folder) for folder in folders]
    labellers = []
    for name, place in named:
        labellers.append((name, Labeller.load(place)))
        loaded.callback(labellers[-1][1].close)
    first = labellers[0][1].scheme
    for name, labeller in labellers:
        labels = labeller.scheme.speaker_ids, labeller.scheme.stance_ids
        if labels != (first.speaker_ids, first.stance_ids):
            raise SaysoError(
                f"{name} cannot be compared with {labellers[0][0]}",
                expected=f"labels {', '.join((*first.speaker_ids, *first.stance_ids))}",
                found=", ".join((*labels[0], *labels[1])),
            )
    return labellers


def _baselines(train: Sequence[GoldArticle], scheme: Scheme, options: BenchmarkOptions) -> list[tuple[str, Predictor]]:
    from ..evaluation.baselines import Majority, TfIdf
    from ..evaluation.rule import CueRule

    found: list[tuple[str, Predictor]] = [
        ("majority guess", Majority(train, scheme)),
        ("cue verbs and names", CueRule(scheme)),
        ("TF-IDF, logistic regression", TfIdf(train, scheme, options.seed)),
    ]
    if options.finetune:
        from ..evaluation.finetuned import FinetuneSettings, finetune

        with progress("fine-tuning MiniLM", 100) as done:
            found.append(
                ("MiniLM, single sentences", finetune(train, scheme, FinetuneSettings(seed=options.seed), done))
            )
    return found


def _scores(
    systems: Sequence[tuple[str, Predictor]], gold: Sequence[GoldArticle], options: BenchmarkOptions
) -> list[tuple[str, Evaluation]]:
    from ..evaluation.judge import judge
    from ..evaluation.measure import score

    found = []
    for name, system in systems:
        done: Callable[[int], None]
        with progress(name, len(gold)) as done:
            judged = judge(system, gold, done)
        found.append((name, score(judged, system.scheme, options.resamples, options.seed)))
    inclusion = found[0][1].inclusion
    if inclusion is not None:
        tell(inclusion.note)
    return found


benchmark = command("benchmark", BenchmarkOptions, run_benchmark)
