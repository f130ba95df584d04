"""The usual baseline: MiniLM fine-tuned on single sentences, without the article around them. Needs torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..model.records import Article, LabelledSentence, Sentence
from ..model.scheme import Scheme
from ..train.encoders import Encoder, load_encoder
from .baselines import rows_to_learn, scored_rows
from .gold import GoldArticle

#: Tokens of a sentence, at most.
N_TOKENS = 128


@dataclass(frozen=True, slots=True)
class FinetuneSettings:
    """How to fine-tune.

    Attributes:
        epochs: passes over the data.
        batch: sentences a step.
        rate: first rate of learning; it falls to 0 in a line.
        seed: of the heads' first weights and of the order of sentences.
    """

    epochs: int = 3
    batch: int = 32
    rate: float = 5e-5
    seed: int = 0


class SentenceClassifier(nn.Module):
    """An encoder with mean pooling and two linear heads."""

    def __init__(self, encoder: Encoder, scheme: Scheme) -> None:
        super().__init__()
        self.encoder = encoder.module
        width = int(encoder.config["hidden_size"])
        self.speaker = nn.Linear(width, len(scheme.speakers))
        self.stance = nn.Linear(width, len(scheme.stances))

    def forward(self, ids: Tensor, attention: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of both heads.

        Args:
            ids: (n_sentences, n_tokens) token ids.
            attention: (n_sentences, n_tokens) 1 for tokens, 0 for padding.

        Returns:
            (n_sentences, n_speakers) and (n_sentences, n_stances).
        """
        hidden = self.encoder(input_ids=ids, attention_mask=attention).last_hidden_state
        mask = attention.unsqueeze(-1).to(hidden.dtype)
        pooled = (hidden * mask).sum(1) / mask.sum(1)
        return self.speaker(pooled), self.stance(pooled)


class Finetuned:
    """Labels each sentence by itself with a fine-tuned classifier."""

    def __init__(self, network: SentenceClassifier, tokenizer: Any, scheme: Scheme) -> None:
        self.scheme = scheme
        self._network = network
        self._tokenizer = tokenizer

    def label_sentences(self, article: Article, sentences: Sequence[Sentence]) -> tuple[LabelledSentence, ...]:
        """Label sentences of an article."""
        ids, attention = _tensors(self._tokenizer, [s.text for s in sentences])
        self._network.eval()
        with torch.no_grad():
            speaker, stance = self._network(ids, attention)
        return tuple(scored_rows(article, sentences, self.scheme, _softmax(speaker), _softmax(stance)))


def finetune(
    gold: Sequence[GoldArticle],
    scheme: Scheme,
    settings: FinetuneSettings,
    done: Callable[[int], None] = lambda percent: None,
    encoder: Encoder | None = None,
) -> Finetuned:
    """Fine-tune on the sentences of gold articles (AdamW, linear decay, cross-entropy of both heads).

    Args:
        gold: articles to learn from.
        scheme: whose labels they have.
        settings: how.
        done: told how many percent of the steps are done.
        encoder: to start from; None for MiniLM from its package.

    Raises:
        RowError: the gold names no speakers.
        ConfigError: the encoder's package is not there.
    """
    torch.manual_seed(settings.seed)
    chosen = load_encoder("minilm", 0.1) if encoder is None else encoder
    tokenizer: Any = chosen.tokenizer
    tokenizer.enable_truncation(N_TOKENS)
    tokenizer.enable_padding(pad_id=tokenizer.token_to_id(chosen.special[2]), pad_token=chosen.special[2])
    network = SentenceClassifier(chosen, scheme)
    rows = rows_to_learn(gold)
    speaker = torch.tensor([scheme.speaker_ids.index(row.speaker) for row in rows])
    stance = torch.tensor([scheme.stance_ids.index(row.stance) for row in rows])
    n_steps = settings.epochs * -(-len(rows) // settings.batch)
    optimizer = torch.optim.AdamW(network.parameters(), lr=settings.rate)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, total_iters=n_steps)
    network.train()
    n_done = 0
    for _ in range(settings.epochs):
        order = torch.randperm(len(rows))
        for first in range(0, len(rows), settings.batch):
            batch = order[first : first + settings.batch]
            ids, attention = _tensors(tokenizer, [rows[int(i)].text for i in batch])
            said_speaker, said_stance = network(ids, attention)
            loss = nn.functional.cross_entropy(said_speaker, speaker[batch])
            loss = loss + nn.functional.cross_entropy(said_stance, stance[batch])
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
            schedule.step()
            n_done += 1
            done(100 * n_done // n_steps)
    return Finetuned(network, tokenizer, scheme)


def _tensors(tokenizer: Any, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
    encodings = tokenizer.encode_batch(list(texts))
    return torch.tensor([e.ids for e in encodings]), torch.tensor([e.attention_mask for e in encodings])


def _softmax(logits: Tensor) -> NDArray[np.float64]:
    p: NDArray[np.float64] = torch.softmax(logits.double(), -1).numpy()
    return p
