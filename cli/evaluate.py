"""`sayso evaluate`: scores of a model on gold labels, on traps, and on changed text."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import ModelFolder, OtherScheme, command

if TYPE_CHECKING:
    from ..evaluation.figures import Evaluation
    from ..evaluation.gold import GoldArticle
    from ..evaluation.judge import Judged, Predictor
    from ..evaluation.robustness import Robustness
    from ..evaluation.traps import FamilyScore
    from ..model.scheme import Scheme


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluateOptions:
    """The options of `sayso evaluate`, each with what `--help` says about it."""

    gold: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="GOLD...",
            help="Labelled rows (.jsonl .csv .tsv .parquet), stand-off labels (.csv, with --texts), authored articles "
            "(a .txt file or a folder of them), or a part of PolNeAR (a folder with text/ and attributions/).",
        ),
    ] = None
    model: ModelFolder = None
    scheme: OtherScheme = None
    texts: Annotated[
        list[Path] | None, typer.Option(help="Folder with the texts of stand-off labels; may be given several times.")
    ] = None
    traps: Annotated[Path | None, typer.Option(help="Folder of minimal pairs, such as seeds/traps.")] = None
    errors: Annotated[
        Path | None, typer.Option(help="Write the wrong sentences, in their context, to this HTML file.")
    ] = None
    robustness: Annotated[
        bool, typer.Option("--robustness", help="Label changed texts too: other quotation marks, invented names, ...")
    ] = False
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False
    resamples: Annotated[int, typer.Option(min=0, help="Samples of articles behind the intervals; 0 for none.")] = 1000
    seed: Annotated[int, typer.Option(min=0, help="Of the samples, and of changed texts.")] = 0


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one collection of gold articles, or of several that may be taken together.

    Attributes:
        title: names of the collections.
        judged: the articles.
        evaluation: scores.
        robustness: scores on changed texts, if they were asked for.
        notes: what the reader of the figures must know besides.
    """

    title: str
    judged: tuple[Judged, ...]
    evaluation: Evaluation
    robustness: tuple[Robustness, ...]
    notes: tuple[str, ...]


def run_evaluate(options: EvaluateOptions) -> None:
    """Score a model on gold labels: per label, per outlet, calibration, with 95 % intervals by article."""
    if not options.gold and options.traps is None:
        raise typer.BadParameter("nothing to evaluate on: name gold labels, or --traps", param_hint="GOLD")
    if options.robustness and not options.gold:
        raise typer.BadParameter("needs gold labels", param_hint="--robustness")
    _check_errors_page(options)
    from ..evaluation.traps import read_traps
    from ..model.checkpoint import shipped_model
    from ..model.labeller import Labeller, LabelSettings
    from ..model.scheme import Scheme

    folder = shipped_model() if options.model is None else options.model
    settings = LabelSettings(scheme=None if options.scheme is None else Scheme.load(options.scheme))
    with closing(Labeller.load(folder, settings)) as labeller:
        scheme = labeller.scheme
        collections = read_collections([] if options.gold is None else options.gold, scheme, options.texts)
        families = [] if options.traps is None else read_traps(options.traps, scheme)
        results = [_result(labeller, folder, title, gold, options) for title, gold in collections]
        sprung = _spring(labeller, families) if families else []
    if options.errors is not None:
        _write_errors(options.errors, results, scheme)
    if options.as_json:
        typer.echo(json.dumps(_plain(results, sprung), indent=1, ensure_ascii=False))
    else:
        _print(results, sprung)


def _check_errors_page(options: EvaluateOptions) -> None:
    """Find out before any long work that the page of mistakes could not be written."""
    from ..model.errors import SaysoError

    if options.errors is None:
        return
    if not options.gold:
        raise typer.BadParameter("needs gold labels", param_hint="--errors")
    if options.errors.suffix.lower() not in {".html", ".htm"}:
        raise SaysoError(f"cannot write mistakes to {options.errors}", expected="a name that ends in .html")
    from ..evaluation.page import check_jinja2

    check_jinja2()
    place = options.errors.absolute().parent
    while not place.exists():
        place = place.parent
    if options.errors.is_dir() or not place.is_dir() or not os.access(place, os.W_OK):
        found = "a folder of that name" if options.errors.is_dir() else f"{place} may not"
        raise SaysoError(f"cannot write {options.errors}", expected="a folder that may be written", found=found)


def read_collections(
    paths: Sequence[Path], scheme: Scheme, texts: Sequence[Path] | None
) -> list[tuple[str, list[GoldArticle]]]:
    """(title, gold articles) of what may be scored together: all gold that names speakers, and each of the others.

    What is left out for lack of a label, and what a model has labelled, is told on stderr.

    Raises:
        RowError: a path holds no gold, something in it is wrong, or a sentence stands in two of them.
        SchemeError: a label is not of the scheme.
    """
    from ..evaluation.gold import check_once, collection_name, read_gold

    together: list[tuple[str, list[GoldArticle]]] = []
    apart: list[tuple[str, list[GoldArticle]]] = []
    for path in paths:
        gold = read_gold(path, scheme, [] if texts is None else texts, tell)
        if all(article.knows_speakers for article in gold):
            together.append((collection_name(path), gold))
        else:
            apart.append((collection_name(path), gold))
    check_once(together)
    if not together:
        return apart
    return [(", ".join(name for name, _ in together), [article for _, gold in together for article in gold]), *apart]


def tell(line: str) -> None:
    """Say something on stderr that stdout's figures do not say."""
    from .terminal import safe

    typer.echo(safe(line), err=True)


def _result(
    labeller: Predictor, folder: Path, title: str, gold: Sequence[GoldArticle], options: EvaluateOptions
) -> Result:
    from ..evaluation.judge import judge
    from ..evaluation.measure import score
    from ..evaluation.robustness import robustness
    from ..model.learned import learned_note

    with progress(title, len(gold)) as done:
        judged = judge(labeller, gold, done)
    evaluation = score(judged, labeller.scheme, options.resamples, options.seed)
    changes: tuple[Robustness, ...] = ()
    if options.robustness:
        with progress("changed texts", len(gold)) as done:
            changes = tuple(robustness(labeller, judged, options.resamples, options.seed, done))
    drawn = "" if evaluation.inclusion is None else f"{title}: {evaluation.inclusion.note}"
    learned = learned_note(folder, (row.text for article in gold for row in article.rows), title)
    notes = tuple(note for note in (learned, drawn) if note)
    for note in notes:
        tell(note)
    return Result(title, tuple(judged), evaluation, changes, notes)


def _spring(labeller: Predictor, families: Sequence[Any]) -> list[FamilyScore]:
    from ..evaluation.traps import spring

    with progress("traps", len(families)) as done:
        scores = []
        for number, family in enumerate(families, 1):
            scores += spring(labeller, [family])
            done(number)
    return scores


@contextmanager
def progress(what: str, n: int) -> Iterator[Callable[[int], None]]:
    """A bar on stderr while the block runs, if that is a terminal; the block is given a teller of how many are done."""
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(escape(what), total=n)
        yield lambda done: bar.update(task, completed=done)


def _write_errors(path: Path, results: Sequence[Result], scheme: Scheme) -> None:
    from ..evaluation.mistakes import mistakes
    from ..evaluation.page import page
    from ..model.rowfiles import whole_file

    # Gold with and without speakers is told apart by its confusions, so all of it goes on one page.
    found = mistakes([j for result in results for j in result.judged], scheme)
    with whole_file(path) as file:
        file.write(page(found, scheme, [note for result in results for note in result.notes]))
    typer.echo(f"wrote {path}: {len(found.wrong)} wrong sentences", err=True)


def _plain(results: Sequence[Result], sprung: Sequence[FamilyScore]) -> dict[str, Any]:
    return {
        "gold": [
            {
                "title": r.title,
                "notes": r.notes,
                **r.evaluation.to_dict(),
                "robustness": [change.to_dict() for change in r.robustness],
            }
            for r in results
        ],
        "traps": [family.to_dict() for family in sprung],
    }


def _print(results: Sequence[Result], sprung: Sequence[FamilyScore]) -> None:
    from .evaluation_tables import print_evaluation, print_robustness, print_traps, stdout_console

    console = stdout_console()
    for result in results:
        print_evaluation(console, result.evaluation, result.title)
        if result.robustness:
            print_robustness(console, result.robustness)
    if sprung:
        print_traps(console, sprung)


evaluate = command("evaluate", EvaluateOptions, run_evaluate)
