"""Batches of windows, epoch by epoch: the same for the same seed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from torch.utils.data import DataLoader, Dataset

from ..model.windows import padded_length
from .examples import TrainingArticle
from .targets import TargetBatch, TargetBuilder, TargetWindow, collate_targets


class _EpochArticles(Dataset[list[TargetWindow]]):
    """Article i of an epoch as its windows; each draw depends on seed, epoch and article only."""

    def __init__(
        self, rows: Sequence[dict[str, Any]], order: Sequence[int], builder: TargetBuilder, seed: int, epoch: int
    ):
        self.rows, self.order, self.builder, self.seed, self.epoch = rows, order, builder, seed, epoch

    def __len__(self) -> int:
        return len(self.order)

    def __getitem__(self, i: int) -> list[TargetWindow]:
        number = self.order[i]
        rng = np.random.default_rng((self.seed, self.epoch, number))
        return self.builder.windows(TrainingArticle.from_dict(self.rows[number]), rng)


class WindowStream:
    """An epoch's batches, each of windows of like length.

    Args:
        rows: training articles as plain data: a `datasets` Dataset, or a list.
        builder: makes their windows.
        n_tokens: tokens of a padded batch, at most (windows times padded length).
        seed: of the order and of every draw.
        shares: share of a collection's articles that one epoch reads, by origin; 1 where it is not named.
    """

    def __init__(
        self,
        rows: Sequence[dict[str, Any]],
        builder: TargetBuilder,
        n_tokens: int,
        seed: int,
        shares: dict[str, float],
    ) -> None:
        self.rows = rows
        self.builder = builder
        self.n_tokens = n_tokens
        self.seed = seed
        self.origins = [row["origin"] for row in rows]
        self.shares = shares

    def epoch(self, epoch: int) -> Iterator[TargetBatch]:
        """The batches of one epoch."""
        rng = np.random.default_rng((self.seed, epoch))
        kept = [i for i, origin in enumerate(self.origins) if rng.random() < self.shares.get(origin, 1.0)]
        order = [kept[i] for i in rng.permutation(len(kept))]
        articles = _EpochArticles(self.rows, order, self.builder, self.seed, epoch)
        loader = DataLoader(articles, batch_size=None, shuffle=False)
        buckets: dict[int, list[TargetWindow]] = {}
        for windows in loader:
            for window in windows:
                length = padded_length(len(window.window.ids))
                bucket = buckets.setdefault(length, [])
                bucket.append(window)
                if (len(bucket) + 1) * length > self.n_tokens:
                    yield collate_targets(bucket, self.builder.builder.pad_id)
                    buckets[length] = []
        # What is left is merged upwards, so that the last batches of an epoch are not tiny.
        left = [window for length in sorted(buckets) for window in buckets[length]]
        while left:
            longest = max(len(w.window.ids) for w in left)
            size = max(1, self.n_tokens // padded_length(longest))
            yield collate_targets(left[-size:], self.builder.builder.pad_id)
            del left[-size:]
