"""Traps: minimal pairs that a model passes only if it is right on both sides (`seeds/traps`, format in its README).

In the manner of CheckList (Ribeiro et al., ACL 2020): a family of pairs tests one thing. Nothing trains on them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..model.errors import RowError
from ..model.records import Article
from ..model.rowfiles import not_utf8
from ..model.scheme import Scheme, faults
from ..model.sentences import segment
from .judge import Predictor


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Side(_Strict):
    """One side of a pair: a passage, the 0-based number of its target sentence, and the target's gold labels."""

    text: Annotated[str, Field(min_length=1)]
    target: Annotated[int, Field(ge=0)]
    speaker: str
    stance: str


class Pair(_Strict):
    """Two passages that differ in one thing."""

    id: str
    a: Side
    b: Side


class Family(_Strict):
    """Pairs that test one thing."""

    family: str
    tests: str
    pairs: Annotated[tuple[Pair, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class FamilyScore:
    """How a model does on a family.

    Attributes:
        family: its name.
        n: pairs.
        passed: pairs of which both sides have both labels right.
        sides: sides with both labels right, of 2 n.
        speaker: sides with the speaker right, of 2 n.
        stance: sides with the stance right, of 2 n.
        failed: ids of the pairs that were not passed.
    """

    family: str
    n: int
    passed: int
    sides: int
    speaker: int
    stance: int
    failed: tuple[str, ...]

    @property
    def share(self) -> float:
        """Share of the pairs that were passed, 0 to 1."""
        return self.passed / self.n

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self) | {"share": round(self.share, 4)}


def read_traps(folder: Path, scheme: Scheme) -> list[Family]:
    """The families of a folder, by file name.

    Raises:
        RowError: no traps there, or a file is malformed or has a target that is not there.
        SchemeError: a label is not of the scheme.
    """
    import yaml

    paths = sorted(folder.glob("*.yaml"))
    if not paths:
        raise RowError(f"no traps in {folder}", expected="files FAMILY.yaml, as in seeds/traps")
    families = []
    for path in paths:
        try:
            family = Family.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            raise not_utf8(path) from None
        except yaml.YAMLError as error:
            raise RowError(f"{path} is not YAML", found=" ".join(str(error).split())) from None
        except ValidationError as error:
            raise RowError(f"{path} holds no traps", found="; ".join(faults(error))) from None
        for pair in family.pairs:
            for name, side in (("a", pair.a), ("b", pair.b)):
                _check(side, scheme, f"{path}, {pair.id}, {name}")
        families.append(family)
    return families


def _check(side: Side, scheme: Scheme, where: str) -> None:
    scheme.check_labels(side.speaker, side.stance, where)
    n_sentences = len(segment(side.text).sentences)
    if side.target >= n_sentences:
        raise RowError(f"{where}: no such target", expected=f"0 to {n_sentences - 1}", found=str(side.target))


def spring(labeller: Predictor, families: Sequence[Family]) -> list[FamilyScore]:
    """Label every side, and score the families."""
    return [_family_score(labeller, family) for family in families]


def _family_score(labeller: Predictor, family: Family) -> FamilyScore:
    passed = sides = speaker = stance = 0
    failed = []
    for pair in family.pairs:
        right = []
        for side in (pair.a, pair.b):
            sentences = segment(side.text).sentences
            row = labeller.label_sentences(Article(pair.id, side.text), sentences)[side.target]
            speaker += row.speaker == side.speaker
            stance += row.stance == side.stance
            right.append((row.speaker, row.stance) == (side.speaker, side.stance))
        sides += sum(right)
        passed += all(right)
        if not all(right):
            failed.append(pair.id)
    return FamilyScore(family.family, len(family.pairs), passed, sides, speaker, stance, tuple(failed))
