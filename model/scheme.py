"""The labels of a study: its speakers, its stances, and which speaker is the outlet itself.

A scheme is a YAML file with strict keys (`configs/schemes/*.yaml` are examples). Label order in the file is label
order everywhere: in the heads of the network, in probability tables, in reports.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from .errors import SchemeError
from .strict_yaml import YAML_HINT, strict_yaml

_ID = r"^[a-z][a-z0-9_]*$"
_NAME, _COLOUR, _LETTER = r"^[a-z][a-z0-9_-]*$", r"^#[0-9a-fA-F]{6}$", r"^[A-Z]$"
#: What the patterns ask for, in words.
_PATTERNS = {
    _ID: "small letters a to z, digits and _, a letter first",
    _NAME: "small letters a to z, digits, _ and -, a letter first",
    _COLOUR: '"#" and six digits or letters a to f, such as "#1f6fb2"',
    _LETTER: "one capital letter",
}


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Speaker(_Strict):
    """One speaker (a party, a side, a role) on whose word a sentence can rest."""

    id: Annotated[str, Field(pattern=_ID)]
    name: Annotated[str, Field(min_length=1)]
    #: One sentence for annotators and for the model, which reads it as the label's prompt.
    description: str = ""
    #: `#rrggbb`.
    colour: Annotated[str, Field(pattern=_COLOUR)]
    #: One capital letter that marks the speaker where colour cannot.
    letter: Annotated[str, Field(pattern=_LETTER)]
    #: Names, offices and groups that mean this speaker when they stand in a text.
    aliases: tuple[str, ...] = ()


class Stance(_Strict):
    """One way in which the outlet can stand to a sentence's main proposition."""

    id: Annotated[str, Field(pattern=_ID)]
    name: Annotated[str, Field(min_length=1)]
    description: str = ""


class Scheme(_Strict):
    """The labels of a study.

    Attributes:
        name: short identifier of the study.
        speakers: in label order; at least two.
        stances: in label order; at least two.
        outlet: id of the speaker that is the outlet itself.
        rest: id of the speaker that takes every source no other speaker covers, if the scheme has one.
        vouched: id of the stance by which the outlet vouches for a sentence.
    """

    name: Annotated[str, Field(pattern=_NAME)]
    title: str = ""
    speakers: Annotated[tuple[Speaker, ...], Field(min_length=2)]
    stances: Annotated[tuple[Stance, ...], Field(min_length=2)] = (
        Stance(id="asserts", name="asserts", description="The outlet vouches for it."),
        Stance(id="reports", name="reports", description="The outlet passes on what somebody said, thought or wanted."),
    )
    outlet: str
    rest: str | None = None
    vouched: str = "asserts"

    @model_validator(mode="after")
    def _labels_agree(self) -> Scheme:
        for kind, ids in (
            ("speaker id", self.speaker_ids),
            ("stance id", self.stance_ids),
            ("speaker letter", tuple(s.letter for s in self.speakers)),
        ):
            twice = sorted({i for i in ids if ids.count(i) > 1})
            if twice:
                raise ValueError(f"{kind} used twice: {', '.join(twice)}")
        for key, value, ids in (
            ("outlet", self.outlet, self.speaker_ids),
            ("rest", self.rest, self.speaker_ids),
            ("vouched", self.vouched, self.stance_ids),
        ):
            if value is not None and value not in ids:
                raise ValueError(f"{key} is {value!r}, which is none of {', '.join(ids)}")
        if self.rest == self.outlet:
            raise ValueError("rest and outlet must be different speakers")
        owner: dict[str, str] = {}
        for speaker in self.speakers:
            for alias in speaker.aliases:
                # Compared as `mentions` finds them: word by word, whatever stands between.
                key = " ".join(word.casefold() for word in re.findall(r"\w+", alias))
                if not key:
                    raise ValueError(f"speaker {speaker.id} has an alias without a letter: {alias!r}")
                if owner.setdefault(key, speaker.id) != speaker.id:
                    raise ValueError(f"alias {alias!r} belongs to both {owner[key]} and {speaker.id}")
        return self

    @property
    def speaker_ids(self) -> tuple[str, ...]:
        """Speaker ids in label order."""
        return tuple(s.id for s in self.speakers)

    @property
    def stance_ids(self) -> tuple[str, ...]:
        """Stance ids in label order."""
        return tuple(s.id for s in self.stances)

    def speaker(self, speaker_id: str) -> Speaker:
        """The speaker with this id.

        Raises:
            SchemeError: no speaker has it.
        """
        for speaker in self.speakers:
            if speaker.id == speaker_id:
                return speaker
        raise unknown_label("speaker", speaker_id, self.speaker_ids)

    def check_labels(self, speaker: str, stance: str, where: str) -> None:
        """Raise SchemeError, naming `where`, unless both labels are of this scheme."""
        if speaker not in self.speaker_ids:
            raise unknown_label("speaker", speaker, self.speaker_ids, where)
        if stance not in self.stance_ids:
            raise unknown_label("stance", stance, self.stance_ids, where)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as it would stand in YAML or JSON."""
        return self.model_dump(mode="json")

    @classmethod
    def from_dict(cls, data: object, where: str) -> Scheme:
        """Check plain data strictly.

        Args:
            data: what a YAML or JSON file held.
            where: the file, for the error.

        Raises:
            SchemeError: with every fault found.
        """
        try:
            return cls.model_validate(data)
        except ValidationError as error:
            raise SchemeError(
                f"{where} is no valid scheme",
                expected="keys name, speakers (id, name, colour, letter, description, aliases), stances, outlet",
                found="; ".join(faults(error)),
                hint="compare it with one of the shipped schemes: `sayso scheme show`",
            ) from None

    @classmethod
    def load(cls, name_or_path: str | Path) -> Scheme:
        """Read a scheme from a YAML file, or one of the shipped ones by name.

        Raises:
            SchemeError: no such scheme, or its file is wrong.
        """
        path = Path(name_or_path)
        if path.suffix in {".yaml", ".yml"}:
            if not path.is_file():
                raise SchemeError(f"no scheme file {path}", hint=f"shipped schemes: {', '.join(shipped_schemes())}")
            try:
                text, where = path.read_text(encoding="utf-8"), str(path)
            except UnicodeDecodeError as error:
                raise SchemeError(f"{path} is no text in UTF-8", found=str(error)) from None
        elif str(name_or_path) in shipped_schemes():
            where = f"scheme {name_or_path}"
            text = (files("sayso.configs") / "schemes" / f"{name_or_path}.yaml").read_text(encoding="utf-8")
        else:
            raise SchemeError(
                f"no scheme {str(name_or_path)!r}",
                expected="a .yaml file, or the name of a shipped scheme",
                hint=f"shipped schemes: {', '.join(shipped_schemes())}",
            )
        return cls.from_yaml(text, where)

    @classmethod
    def from_yaml(cls, text: str, where: str) -> Scheme:
        """Check the text of a scheme file strictly.

        Args:
            text: YAML.
            where: the file, for the error.

        Raises:
            SchemeError: it is not YAML, or no valid scheme.
        """
        try:
            data = strict_yaml(text)
        except ValueError as error:
            raise SchemeError(f"{where} is no clean YAML", found=str(error), hint=YAML_HINT) from None
        return cls.from_dict(data, where)


def shipped_schemes() -> tuple[str, ...]:
    """Names of the schemes that come with sayso."""
    folder = files("sayso.configs") / "schemes"
    return tuple(sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml")))


def unknown_label(kind: str, found: str, known: Iterable[str], where: str = "") -> SchemeError:
    """The error for a label that the scheme lacks, with the nearest known label as a hint."""
    labels = tuple(known)
    near = nearest_label(found, labels)
    return SchemeError(
        f"{where}: unknown {kind}" if where else f"unknown {kind}",
        expected=f"one of {', '.join(labels)}",
        found=repr(found),
        hint=f"did you mean {near!r}?" if near is not None else "add it to the scheme, or mend the label",
    )


def nearest_label(found: str, known: Iterable[str]) -> str | None:
    """The known label that is written most like the one found, if any is near."""
    from difflib import get_close_matches

    near = get_close_matches(re.sub(r"\W+", "_", found.strip().casefold()), tuple(known), n=1)
    return near[0] if near else None


def faults(error: ValidationError) -> list[str]:
    """A strict model's faults in words, one each: where, and what."""
    said = []
    found = error.errors()
    for fault in found:
        # What is wrong inside a list is left out of it, and the list then called too short: that is not true.
        inside = any(other["loc"][: len(fault["loc"])] == fault["loc"] != other["loc"] for other in found)
        if fault["type"] == "too_short" and inside:
            continue
        place = ".".join(str(step) for step in fault["loc"])
        message = str(fault["msg"]).removeprefix("Value error, ")
        if fault["type"] == "string_type":
            message = _no_text(fault["input"])
        if fault["type"] == "model_type":
            message = "must be keys and values, `key: value`"
        if fault["type"] == "string_pattern_mismatch":
            pattern = str(fault["ctx"]["pattern"])
            message = f"{fault['input']!r} must be {_PATTERNS.get(pattern, f'of the form {pattern}')}"
        if fault["type"] == "tuple_type":
            message = "must be a list"
            if isinstance(fault["input"], str):
                message += f": write [{fault['input']}]"
            elif fault["input"] is None:
                message += ", and is empty: write []"
        said.append(f"{place}: {message}" if place else message)
    return said


def _no_text(value: object) -> str:
    """What is wrong with a value that YAML does not read as text."""
    if value is None:
        return "must be text, and is empty: put quotes around text that begins with '#'"
    if isinstance(value, bool):
        return "must be text, and YAML reads yes, no, on and off as true or false: put quotes around it"
    if isinstance(value, dict | list):
        return f"must be text, and is a {'list' if isinstance(value, list) else 'mapping'}"
    return f'must be text: put quotes around it, "{value}"'
