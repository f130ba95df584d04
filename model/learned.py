"""Which sentences a model learned from, as digests: figures on them say what it remembers, not what it can do.

A digest is 64 bits of a sentence's BLAKE2b, case, white space and quotation marks aside. It tells a sentence that one
has; it does not give back one that one has not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .checkpoint import FILES
from .errors import ModelFolderError

#: Shorter sentences ("He declined to comment.") stand in articles that have nothing else in common.
MIN_WORDS = 6
#: Articles repeat a sentence of an agency here and there. A larger share of known sentences is no chance.
CHANCE = 0.02
#: Nor are more than this many.
CHANCE_COUNT = 2
_MARKS = str.maketrans("", "", "\"'“”‘’«»„`")


def digests(sentences: Iterable[str]) -> NDArray[np.uint64]:
    """Digests of those sentences that have `MIN_WORDS` words or more, (n_sentences,), in order of their value."""
    words = (sentence.casefold().translate(_MARKS).split() for sentence in sentences)
    kept = (" ".join(w).encode() for w in words if len(w) >= MIN_WORDS)
    values = [int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little") for text in kept]
    return np.unique(np.array(values, np.uint64))


def write_learned(folder: Path, learned: NDArray[np.uint64]) -> None:
    """Put the digests beside the model, 8 bytes a sentence."""
    np.save(folder / FILES.learned, learned, allow_pickle=False)


def read_learned(folder: Path) -> NDArray[np.uint64] | None:
    """What a model learned from; None if its folder does not say.

    Raises:
        ModelFolderError: the file is none of ours.
    """
    path = folder / FILES.learned
    if not path.is_file():
        return None
    try:
        with path.open("rb") as file:
            learned = np.lib.format.read_array(file, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise ModelFolderError(f"cannot read {path}", found=str(error), hint="copy the folder again") from None
    if learned.dtype != np.uint64 or learned.ndim != 1:
        raise ModelFolderError(f"{path} holds no digests", found=f"{learned.dtype} {learned.shape}")
    return np.asarray(learned, np.uint64)


def learned_note(folder: Path, sentences: Iterable[str], where: str) -> str:
    """A warning if the model learned from more of the sentences than chance would have it, else "".

    Args:
        folder: the model's.
        sentences: that it is measured on, or corrected by.
        where: they come from.
    """
    learned = read_learned(folder)
    asked = digests(sentences)
    if learned is None or not len(asked):
        return ""
    n_known = int(np.isin(asked, learned, assume_unique=True).sum())
    if n_known <= max(CHANCE_COUNT, CHANCE * len(asked)):
        return ""
    return (
        f"{where}: WARNING: the model learned from {n_known} of these {len(asked)} sentences of {MIN_WORDS} words or "
        "more. What it makes of them says what it remembers, not how often it errs: use articles that it has not read"
    )
