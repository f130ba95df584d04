"""What a model learned from is known again, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sayso.model.errors import ModelFolderError
from sayso.model.learned import digests, learned_note, read_learned, write_learned

READ = [f"The mayor of town number {n} said the bridge was closed." for n in range(200)]
NEW = [f"The mayor of town number {n} said the bridge was open." for n in range(200)]


def test_a_sentence_is_known_whatever_its_case_spaces_and_quotation_marks() -> None:
    plain, changed = "He said the bridge was closed.", "he  said\nthe “bridge” WAS closed."
    assert np.array_equal(digests([plain]), digests([changed]))
    assert not np.array_equal(digests([plain]), digests(["He said the bridge was open."]))


def test_short_sentences_and_repetitions_do_not_count() -> None:
    assert len(digests(["He declined to comment.", "", *READ, *READ])) == len(READ)


def test_what_was_learned_from_is_told(tmp_path: Path) -> None:
    write_learned(tmp_path, digests(READ))
    note = learned_note(tmp_path, [*READ[:50], *NEW[:50]], "mine")
    assert note.startswith("mine: WARNING: the model learned from 50 of these 100 sentences")


def test_a_sentence_in_fifty_is_chance(tmp_path: Path) -> None:
    write_learned(tmp_path, digests(READ))
    assert learned_note(tmp_path, [*READ[:2], *NEW[:98]], "mine") == ""
    assert learned_note(tmp_path, [*READ[:3], *NEW[:97]], "mine") != ""
    assert learned_note(tmp_path, [], "mine") == ""


def test_two_sentences_of_a_small_sample_are_chance(tmp_path: Path) -> None:
    write_learned(tmp_path, digests(READ))
    assert learned_note(tmp_path, [*READ[:2], *NEW[:18]], "mine") == ""
    assert learned_note(tmp_path, [*READ[:3], *NEW[:17]], "mine") != ""


def test_an_older_folder_says_nothing(tmp_path: Path) -> None:
    assert read_learned(tmp_path) is None
    assert learned_note(tmp_path, READ, "mine") == ""


@pytest.mark.parametrize("content", [b"", b"no numpy file", b"PK\x03\x04", None])
def test_a_broken_file_is_told(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "learned.npy"
    if content is None:
        np.save(path, np.zeros(3))
    else:
        path.write_bytes(content)
    with pytest.raises(ModelFolderError, match=r"learned\.npy"):
        read_learned(tmp_path)
