"""`sayso corpus`: check, count and compare with real news what the shipped model learned from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ..corpus.table import Table
    from ..corpus.views import View

corpus_app = typer.Typer(
    name="corpus",
    help="The authored corpus: check it, count what is in it, compare it with real news.",
    no_args_is_help=True,
)

Articles = Annotated[Path, typer.Argument(metavar="[ARTICLES]", help="Folder of authored articles.")]
SchemeName = Annotated[str, typer.Option("--scheme", "-s", help="Scheme whose letters the codes are.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the tables as JSON.")]
_ARTICLES = Path("seeds/articles")


@corpus_app.command()
def check(
    articles: Articles = _ARTICLES,
    against: Annotated[
        list[Path] | None,
        typer.Option(help="Folder of real articles (.txt), of which no nine words in a row may stand in ours."),
    ] = None,
    reading: Annotated[
        list[Path] | None,
        typer.Option(help="Another reading's codes (a folder or a CSV); it must label every sentence once."),
    ] = None,
    scheme: SchemeName = "belgorod",
) -> None:
    """Name every fault by file and line: codes, tabs, headers, sentences cut wrongly, written twice, or copied."""
    from ..corpus.check import check as check_corpus
    from ..model.scheme import Scheme

    found = check_corpus(
        articles,
        Scheme.load(scheme),
        readings=() if reading is None else reading,
        against=() if against is None else against,
    )
    for fault in found.faults:
        typer.echo(fault)
    typer.echo(f"{len(found.articles)} articles, {found.n_sentences} sentences, {len(found.faults)} faults", err=True)
    if found.faults:
        raise typer.Exit(3)


@corpus_app.command()
def counts(articles: Articles = _ARTICLES, scheme: SchemeName = "belgorod", as_json: AsJson = False) -> None:
    """Count sentences by label, register and year, names, lengths, and how much articles differ."""
    from ..corpus.counts import count
    from ..model.scheme import Scheme
    from ..train.seeds import load_authored

    labels = Scheme.load(scheme)
    _print(count(load_authored(articles, labels), labels), as_json)


@corpus_app.command()
def likeness(
    real: Annotated[
        list[Path], typer.Option(help="Folder with the texts of the stand-off labels; may be given several times.")
    ],
    polnear: Annotated[Path, typer.Option(help="A part of PolNeAR: a folder with text/ and attributions/.")],
    articles: Articles = _ARTICLES,
    labels: Annotated[
        list[Path] | None,
        typer.Option(
            help="Stand-off labels of the real texts. Default: labels.csv in real/ and originals/ beside ours."
        ),
    ] = None,
    first: Annotated[
        int, typer.Option(min=5, help="Compare the first articles also by themselves: the corpus as it began.")
    ] = 120,
    scheme: SchemeName = "belgorod",
    seed: Annotated[int, typer.Option(min=0, help="Of the folds and the resampling.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Compare the corpus with real news, measure by measure, and see whether a classifier can tell the two apart."""
    from ..corpus.likeness import compare, tell
    from ..corpus.views import of_rows, polnear_views, real_views
    from ..model.scheme import Scheme
    from ..train.seeds import load_authored

    labels_of = Scheme.load(scheme)
    if labels is None:
        labels = [articles.parent / name / "labels.csv" for name in ("real", "originals")]
    theirs = real_views(labels, real, labels_of.outlet)
    ours = [view for a in load_authored(articles, labels_of) for view in of_rows(a.rows, labels_of.outlet)]
    american = polnear_views(polnear)
    groups = _groups(ours, first)
    pairs = {f"{name} / real": (views, theirs) for name, views in groups.items()}
    pairs["real / PolNeAR"] = (theirs, american)
    _print([compare(groups, theirs, {"PolNeAR": american}, seed), *tell(pairs, seed)], as_json)


def _groups(ours: Sequence[View], first: int) -> dict[str, Sequence[View]]:
    groups: dict[str, Sequence[View]] = {} if first >= len(ours) else {f"first {first}": ours[:first]}
    return groups | {f"all {len(ours)}": ours}


def _print(tables: Sequence[Table], as_json: bool) -> None:
    if as_json:
        from json import dumps

        typer.echo(dumps([table.as_data() for table in tables], indent=1))
    else:
        typer.echo("\n\n".join(table.as_markdown() for table in tables))
