"""The report as one HTML page that needs nothing but itself.

Every text goes through Jinja's escaping or, for the reading view, through JSON that no parser can take for markup;
besides, a content security policy lets only this page's own script and styles run.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import jinja2
import polars as pl

from .. import __version__
from ..model.scheme import Scheme
from .charts import Bar, Panel, bars, matrix, panels, shown_groups
from .findings import ALL, Findings, View
from .measures import MEASURES, lean
from .methods import Provenance, methods
from .reading import PER_PAGE, pages, script_safe
from .resample import MIN_ARTICLES
from .summary import counted, model_errors, summary
from .tabulate import Table, tabulate

#: What simulations say of measures that are no shares (docs/framing.md).
_NARROW = "From few articles, or few hand-labelled ones, these intervals are too narrow: 80 to 94 % cover the truth."
#: Measures that the page shows as panels, with a word of explanation.
FIGURES = {
    "speaker": "Sentences by each speaker, as a share of all sentences.",
    "asserted": "Of a speaker's sentences, those that the outlet vouches for. The outlet's own voice is left out.",
    "lean": "Only these two speakers' sentences count: at the middle both speak equally often. " + _NARROW,
    "silent": "Articles without one sentence by the speaker.",
    "first_voice": "Of the articles that quote anybody, those in which this speaker comes first.",
    "first_place": "0 is the first sentence of an article, 1 the last; articles without the speaker do not count. "
    + _NARROW,
    "run_length": "How long a speaker goes on before somebody else speaks. " + _NARROW,
}


@dataclass(frozen=True, slots=True)
class Figure:
    """A measure's panels."""

    name: str
    title: str
    note: str
    panels: list[Panel]

    @property
    def corrected(self) -> bool:
        """Whether any of its values is corrected for the model's errors."""
        return any(dot.corrected is not None for panel in self.panels for dot in panel.dots)


@dataclass(frozen=True, slots=True)
class ViewPart:
    """One view, ready for the template; `prefix` starts the names of its files."""

    by: str
    anchor: str
    prefix: str
    bars: list[Bar]
    n_hidden: int
    figures: list[Figure]
    matrix: list[tuple[int, list[tuple[str, float]]]]
    uncompared: str | None
    differences: Table | None
    differences_note: str
    tested: bool
    distances: Table | None
    estimates: Table


def prefix_of(findings: Findings, view: View) -> str:
    """What the names of a view's files start with: nothing for the main view, and for no two views the same."""
    taken: set[str] = set()
    for other in findings.views:
        stem = "".join(c if c.isalnum() else "-" for c in other.by)
        prefix = "" if other is findings.main else f"by-{stem}-"
        number = 1
        # In some file systems capitals make no other name.
        while prefix.casefold() in taken:
            number += 1
            prefix = f"by-{stem}-{number}-"
        if other is view:
            break
        taken.add(prefix.casefold())
    return prefix


def html_pages(findings: Findings, provenance: Provenance, drawn: frozenset[str]) -> Iterator[tuple[str, str]]:
    """The report's pages as (file name, HTML): `index.html`, and further ones with articles that it has no room for.

    Args:
        findings: what to report.
        provenance: where it comes from.
        drawn: names of the figures that lie beside the page as SVG and PNG.
    """
    scheme = findings.scheme
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_page_file), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
    )
    style = _page_file("report.css") + "\n" + _speaker_styles(scheme)
    script = _page_file("report.js")
    articles = pages(findings.rows, scheme)
    n_articles = findings.rows["article"].n_unique()
    parts = [("index.html" if i == 0 else f"articles-{i + 1:03d}.html", f"part {i + 1}") for i in range(len(articles))]
    common = {
        "version": __version__,
        "title": scheme.title or scheme.name,
        "style": _verbatim(style),
        "script": _verbatim(script),
        "style_hash": _verbatim(_hash(style)),
        "script_hash": _verbatim(_hash(script)),
        "speakers": scheme.speakers,
        "stances": [stance.name for stance in scheme.stances],
        "lines": _lines(scheme),
        "labels": _labels(scheme),
        "n_articles": n_articles,
    }
    for i, ((name, _), part) in enumerate(zip(parts, articles, strict=True)):
        n_here = min(PER_PAGE, n_articles - i * PER_PAGE)
        here = {"articles": part, "n_here": n_here, "pages": parts, "file_name": name}
        kind = "reading_page.html.j2" if i else "report.html.j2"
        more = {} if i else _index(findings, provenance, drawn)
        yield name, environment.get_template(kind).render(common | more | here)


def _index(findings: Findings, provenance: Provenance, drawn: frozenset[str]) -> dict[str, Any]:
    rows, gold = findings.rows, findings.gold
    facts = [
        _fact(rows["article"].n_unique(), "article"),
        _fact(rows.height, "sentence"),
        _fact(len(findings.main.groups), "group", f" by {findings.main.by}"),
    ]
    if gold is not None:
        facts.append(_fact(gold.n_sentences, "sentence", " labelled by hand"))
    views = [_view_part(findings, view, i) for i, view in enumerate(findings.views)]
    sections = [("summary", "In words"), *((view.anchor, f"By {view.by}") for view in views)]
    sections += [("wire", "Wire copy")] if findings.wire is not None else []
    sections += [("errors", "Model errors"), ("methods", "Methods"), ("reading", "Articles")]
    modes = {"once": "once in each group", "apart": "apart, each story once", "all": "every time"}
    wire = None if findings.wire is None else tabulate(findings.wire, findings.scheme, "Shares by speaker")
    return {
        "facts": facts,
        "sections": sections,
        "summary": summary(findings, provenance.learned),
        "views": views,
        "wire": wire,
        "wire_mode": modes[findings.plan.wire],
        "errors": _errors(findings),
        "errors_words": model_errors(findings),
        "methods": methods(findings, provenance),
        "drawn": drawn,
    }


def _fact(n: int, one: str, more: str = "") -> tuple[str, str]:
    """`("1,204", "sentences labelled by hand")`."""
    number, _, word = counted(n, one).partition(" ")
    return number, word + more


def _view_part(findings: Findings, view: View, number: int) -> ViewPart:
    scheme, plan = findings.scheme, findings.plan
    figures = []
    for name, note in FIGURES.items():
        if name == "lean" and plan.lean is None:
            continue
        measure = lean(plan.lean, scheme) if name == "lean" and plan.lean is not None else MEASURES[name]
        found = panels(view, scheme, name)
        if found:
            figures.append(Figure(name, measure.title, note, found))
    compared = view.uncompared is None
    return ViewPart(
        by=view.by,
        anchor=f"by-{number}",
        prefix=prefix_of(findings, view),
        bars=bars(view, scheme),
        n_hidden=shown_groups(view)[1],
        figures=figures,
        matrix=matrix(view, scheme) if (view.estimates["measure"] == "follows").any() else [],
        uncompared=view.uncompared,
        differences=tabulate(view.differences, scheme, f"Differences by {view.by}") if compared else None,
        differences_note=_differences_note(view),
        tested=view.tested,
        distances=tabulate(view.distances, scheme, f"Cramér’s V of the speakers by {view.by}") if compared else None,
        estimates=tabulate(view.estimates, scheme, f"All measures by {view.by}"),
    )


def _differences_note(view: View) -> str:
    if not view.tested:
        return f"No two groups are compared: a comparison needs {MIN_ARTICLES} articles in each."
    text = (
        "First group less second group. p: chance of a difference as large if there were none; q: p adjusted for all "
        "comparisons of the measure, so that the expected share of false ones among the differences with q of at most "
        "0.05 is 5 % or less."
    )
    if "corrected_q" in view.differences.columns:
        text += " Bold rows hold after correction for the model's errors."
    return text


def _errors(findings: Findings) -> dict[str, Any] | None:
    view, scheme = findings.main, findings.scheme
    if view.scores is None or view.tests is None or view.confusion is None:
        return None
    return {
        "scores": tabulate(view.scores, scheme, "Accuracy, weighted to the corpus, with 95 % intervals by article"),
        "tests": tabulate(view.tests, scheme, "Tests of differing errors"),
        "confusion": tabulate(view.confusion.filter(pl.col("group") != ALL), scheme, "Human and model labels"),
    }


def _page_file(name: str) -> str:
    return (files("sayso.framing") / "page" / name).read_text(encoding="utf-8")


def _verbatim(text: str) -> Any:
    """Our own text, which no escaping may touch."""
    from markupsafe import Markup

    return Markup(text)


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _lines(scheme: Scheme) -> list[str]:
    """The line below a sentence of each stance: solid where the outlet vouches for it."""
    lines = iter(("dotted", "dashed", "wavy", *["dotted"] * len(scheme.stances)))
    return ["solid" if stance.id == scheme.vouched else next(lines) for stance in scheme.stances]


def _labels(scheme: Scheme) -> str:
    data: Mapping[str, Any] = {
        "speakers": [{"name": s.name, "letter": s.letter} for s in scheme.speakers],
        "stances": [s.name for s in scheme.stances],
        "lines": _lines(scheme),
    }
    return script_safe(data)


def _speaker_styles(scheme: Scheme) -> str:
    """Classes sp0, sp1 ...: the speaker's colour, text that is legible on it, and lighter or darker kin of it."""
    rules = []
    for i, speaker in enumerate(scheme.speakers):
        colour = speaker.colour
        rules.append(
            f".sp{i}{{--c:{colour};--t:{text_on(colour)};--d:{colour};--w:color-mix(in srgb,{colour} 15%,var(--card))}}"
        )
        rules.append(
            f"@media (prefers-color-scheme:dark){{.sp{i}{{--d:color-mix(in srgb,{colour} 68%,white);"
            f"--w:color-mix(in srgb,{colour} 34%,var(--card))}}}}"
        )
    return "\n".join(rules)


def text_on(colour: str) -> str:
    """Black or white, whichever stands out more on `#rrggbb` (WCAG 2 relative luminance; always at least 4.5 : 1)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#000" if (luminance + 0.05) / 0.05 > 1.05 / (luminance + 0.05) else "#fff"
