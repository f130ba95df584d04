"""Traps: the shipped ones are sound, and pairs are scored as pairs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from sayso.evaluation.baselines import plain_row
from sayso.evaluation.traps import read_traps, spring
from sayso.model.errors import RowError, SchemeError
from sayso.model.records import Article, LabelledSentence, Sentence
from sayso.model.scheme import Scheme

ROOT = Path(__file__).parent.parent
PAIRS = """
family: verbs
tests: only the verb changes
pairs:
  - id: verbs-01
    a: {text: "It was late. The mayor said that the mill burned.", target: 1, speaker: governor, stance: reports}
    b: {text: "It was late. The mayor admitted that the mill burned.", target: 1, speaker: governor, stance: asserts}
  - id: verbs-02
    a: {text: "The mayor said that the mill burned.", target: 0, speaker: governor, stance: reports}
    b: {text: "The Kremlin said that the mill burned.", target: 0, speaker: kremlin, stance: reports}
"""


class Told:
    """Labels every sentence as it is told."""

    def __init__(self, say: Callable[[str], tuple[str, str]]) -> None:
        self.scheme = Scheme.load("belgorod")
        self._say = say

    def label_sentences(self, article: Article, sentences: Sequence[Sentence]) -> tuple[LabelledSentence, ...]:
        return tuple(plain_row(article, s, *self._say(s.text)) for s in sentences)


def write(folder: Path, text: str) -> Path:
    (folder / "verbs.yaml").write_text(text, encoding="utf-8")
    return folder


def test_a_pair_passes_only_if_both_sides_are_right(tmp_path: Path) -> None:
    # Told governor/reports for everything: verbs-01 a and verbs-02 a are right; both b sides are wrong, one in the
    # stance, one in the speaker. So no pair passes, 2 of 4 sides are right, and 3 of 4 labels of each head.
    families = read_traps(write(tmp_path, PAIRS), Scheme.load("belgorod"))
    (score,) = spring(Told(lambda text: ("governor", "reports")), families)
    assert (score.n, score.passed, score.sides, score.speaker, score.stance) == (2, 0, 2, 3, 3)
    assert score.failed == ("verbs-01", "verbs-02")
    knows = Told(
        lambda text: (
            "kremlin" if "Kremlin" in text else "governor",
            "asserts" if "admitted" in text else "reports",
        )
    )
    (score,) = spring(knows, families)
    assert (score.passed, score.share, score.failed) == (2, 1.0, ())


@pytest.mark.parametrize(
    ("old", "new", "error", "says"),
    [
        (
            "target: 1, speaker: governor, stance: reports",
            "target: 2, speaker: governor, stance: reports",
            RowError,
            "0 to 1",
        ),
        ("speaker: kremlin", "speaker: kreml", SchemeError, "kremlin"),
        ("stance: asserts}", "stance: asserts, note: x}", RowError, "note"),
        ("pairs:", "pairs: [", RowError, "not YAML"),
    ],
)
def test_a_broken_trap_is_named(tmp_path: Path, old: str, new: str, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says) as raised:
        read_traps(write(tmp_path, PAIRS.replace(old, new)), Scheme.load("belgorod"))
    assert "verbs.yaml" in str(raised.value)


def test_a_trap_in_another_encoding_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "verbs.yaml").write_bytes(PAIRS.replace("only the verb", "only the café").encode("cp1252"))
    with pytest.raises(RowError, match=r"verbs.yaml:3: not UTF-8"):
        read_traps(tmp_path, Scheme.load("belgorod"))


def test_no_traps_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RowError, match="no traps"):
        read_traps(tmp_path, Scheme.load("belgorod"))


def test_the_shipped_traps_are_sound() -> None:
    scheme = Scheme.load("belgorod")
    families = read_traps(ROOT / "seeds" / "traps", scheme)
    ids = [pair.id for family in families for pair in family.pairs]
    assert len(ids) >= 400
    assert len(set(ids)) == len(ids)
    assert len(families) >= 25
    for family in families:
        for pair in family.pairs:
            assert pair.a.text != pair.b.text or pair.a.target != pair.b.target, pair.id
