"""The figures for a paper: SVG and PNG, drawn by matplotlib. Readable in black and white: letters, hatches, markers."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..model.scheme import Scheme
from .charts import Bar, Dot, Mark, Panel, bars, shown_groups
from .findings import View

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Width of a figure in inches: the text width of most journals.
WIDTH = 7.0
DPI = 200
#: Characters of a group's name beside a figure: longer ones leave the figure no room.
LONGEST_NAME = 36
#: A fixed salt makes the ids in SVG files, and so the files, the same in every run. A dollar sign in the name of an
#: outlet is a dollar sign, not mathematics.
_STYLE: Any = {
    "font.size": 8,
    "svg.fonttype": "none",
    "svg.hashsalt": "sayso",
    "hatch.linewidth": 0.6,
    "text.parse_math": False,
}


def draw_voices(view: View, scheme: Scheme) -> dict[str, bytes]:
    """Who speaks and what the outlet vouches for, as `{"svg": ..., "png": ...}`."""
    found, n_hidden = bars(view, scheme), shown_groups(view)[1]
    passed = "passed on as somebody's word" if len(scheme.stances) == 2 else "not vouched for"
    words = f"% of sentences; solid: vouched for by the outlet, hatched: {passed}"
    with _style():
        figure, axes = _canvas(1, 1, 0.9 + 0.36 * len(found))
        _bars(axes[0], found, scheme)
        axes[0].set_xlabel(words + (f"; smaller groups left out: {n_hidden}" if n_hidden else ""))
        return _rendered(figure)


def draw_panels(panels: list[Panel], title: str, scheme: Scheme) -> dict[str, bytes]:
    """Panels of one measure, as `{"svg": ..., "png": ...}`."""
    n_columns = min(2, len(panels))
    n_rows = -(-len(panels) // n_columns)
    with _style():
        figure, axes = _canvas(n_rows, n_columns, 0.5 + n_rows * (0.55 + 0.2 * len(panels[0].dots)))
        for i, (axis, panel) in enumerate(zip(axes, panels, strict=False)):
            _panel(axis, panel, scheme)
            # Panels of a row have the same groups: their names stand at its left.
            names = [_label(dot.group) for dot in panel.dots] if i % n_columns == 0 else []
            axis.set_yticks(range(len(names)), names)
        for axis in axes[len(panels) :]:
            axis.set_visible(False)
        figure.suptitle(title, fontsize=9)
        return _rendered(figure)


@contextmanager
def _style() -> Iterator[None]:
    import matplotlib as mpl

    with mpl.rc_context(_STYLE), warnings.catch_warnings():
        # An outlet's name may hold characters that the font lacks: boxes in one label, no reason to complain.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        yield


def _canvas(n_rows: int, n_columns: int, height: float) -> tuple[Figure, list[Axes]]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(n_rows, n_columns, squeeze=False)
    return figure, list(axes.ravel())


def _bars(axis: Axes, found: list[Bar], scheme: Scheme) -> None:
    for row, bar in enumerate(found):
        for piece in bar.segments:
            colour = scheme.speakers[piece.speaker].colour
            axis.barh(
                row,
                piece.width,
                left=piece.x,
                height=0.62,
                color=colour if piece.vouched else "white",
                edgecolor="white" if piece.vouched else colour,
                hatch=None if piece.vouched else "/////",
                linewidth=0.5,
            )
        for letter in bar.letters:
            axis.text(
                letter.x, row - 0.42, scheme.speakers[letter.speaker].letter, ha="center", va="bottom", fontsize=7
            )
    axis.set_yticks(range(len(found)), [_label(bar.group) for bar in found])
    axis.set_ylim(len(found) - 0.5, -0.9)
    axis.set_xlim(0, 100)
    axis.spines[["top", "right", "left"]].set_visible(False)
    axis.tick_params(axis="y", length=0)


def _panel(axis: Axes, panel: Panel, scheme: Scheme) -> None:
    colour = "#222222" if panel.speaker is None else scheme.speakers[panel.speaker].colour
    for row, dot in enumerate(panel.dots):
        both = dot.plain is not None and dot.corrected is not None
        if dot.plain is not None:
            _mark(axis, dot.plain, row - (0.16 if both else 0), "#777777" if both else colour, "o", filled=not both)
        if dot.corrected is not None:
            _mark(axis, dot.corrected, row + (0.16 if both else 0), colour, "D", filled=True)
        if dot.plain is None and dot.corrected is None:
            axis.text(3, row, _why(dot), va="center", fontsize=6.5, style="italic", color="#555555")
    letter = "" if panel.speaker is None else f"{scheme.speakers[panel.speaker].letter}  "
    axis.set_title(letter + panel.title, fontsize=8, loc="left")
    axis.set_ylim(len(panel.dots) - 0.5, -0.5)
    axis.set_xlim(0, 100)
    axis.set_xticks([x for x, _ in panel.ticks], [label for _, label in panel.ticks])
    axis.grid(axis="x", linewidth=0.4, color="#cccccc")
    axis.spines[["top", "right", "left"]].set_visible(False)
    axis.tick_params(axis="y", length=0)


def draw_matrix(found: list[tuple[int, list[tuple[str, float]]]], scheme: Scheme) -> dict[str, bytes]:
    """Whose words follow whose (`charts.matrix`) as numbers on grey, as `{"svg": ..., "png": ...}`."""
    names = [f"{speaker.letter}  {speaker.name}" for speaker in scheme.speakers]
    with _style():
        figure, axes = _canvas(1, 1, 1.1 + 0.32 * len(found))
        axis = axes[0]
        axis.imshow([[share for _, share in cells] for _, cells in found], cmap="Greys", vmin=0, vmax=1, aspect="auto")
        for row, (_, cells) in enumerate(found):
            for column, (text, share) in enumerate(cells):
                ink = "white" if share > 0.5 else "black"
                axis.text(column, row, text, ha="center", va="center", fontsize=6.5, color=ink)
        axis.set_xticks(range(len(names)), [speaker.letter for speaker in scheme.speakers])
        axis.set_yticks(range(len(found)), [names[before] for before, _ in found])
        axis.set_title("Whose words follow whose: rows speak, columns speak next", fontsize=9)
        axis.tick_params(length=0)
        return _rendered(figure)


def _label(group: str) -> str:
    """A group's name as there is room for it beside a figure, without the characters that no SVG can hold."""
    text = " ".join("".join(c if c.isprintable() else " " for c in group).split())
    return text if len(text) <= LONGEST_NAME else text[: LONGEST_NAME - 1].rstrip() + "…"


def _why(dot: Dot) -> str:
    return dot.note or "nothing to show"


def _mark(axis: Axes, mark: Mark, row: float, colour: str, shape: str, *, filled: bool) -> None:
    if mark.low is not None and mark.high is not None:
        axis.plot([mark.low, mark.high], [row, row], color=colour, linewidth=1.2, solid_capstyle="butt")
    face = colour if filled else "white"
    axis.plot([mark.at], [row], shape, markersize=3.4, markerfacecolor=face, markeredgecolor=colour, clip_on=False)


def _rendered(figure: Figure) -> dict[str, bytes]:
    files = {}
    figure.draw_without_rendering()
    # The layout is found once: half of the time that a figure takes.
    figure.set_layout_engine("none")
    for suffix in ("svg", "png"):
        buffer = io.BytesIO()
        # No date in the file: the same findings give the same bytes.
        figure.savefig(buffer, format=suffix, dpi=DPI, metadata={"Date": None} if suffix == "svg" else None)
        files[suffix] = buffer.getvalue()
    return files
