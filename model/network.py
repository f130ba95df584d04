"""The network: one encoder, one vector a sentence, two heads; the encoder's tokens also tell the evidence.

Imports torch, so only `train/` imports this module; labelling runs on the exported graph (`model/runtime`).

Speakers are slots: a sentence is scored against the vectors of the speakers named in the prompt, so one network serves
any scheme (the idea of prompted label names follows GLiNER, Zaratiana et al., 2024). Where the pointer finds the
sentence's source on a word that names a speaker, that speaker gains (a copy mechanism; See et al., 2017). Speakers that
the network was trained on have a learned class beside: without it the first study needs far more labels.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from .windows import MAX_SLOTS, N_STATES, PROMPT

#: Token tags, in the order of the tag head.
TAGS = ("none", "source", "cue", "content")
#: Stands for minus infinity where a softmax must not look; fits float16.
_NEVER = -30000.0


class NetworkOutput(NamedTuple):
    """Raw scores of a batch of windows.

    Attributes:
        speaker: (n_windows, n_sentences, n_slots) logits.
        stance: (n_windows, n_sentences, n_stances) logits.
        tags: (n_windows, n_tokens, len(TAGS)) logits.
        pointer: (n_windows, n_sentences, n_tokens) logits of where a sentence's source stands; token 0 means nowhere.
    """

    speaker: Tensor
    stance: Tensor
    tags: Tensor
    pointer: Tensor


class Network(nn.Module):
    """Encoder and heads.

    Args:
        encoder: a transformer that takes `inputs_embeds` and `attention_mask` and has `get_input_embeddings()`.
        n_stances: stances of the scheme.
        n_known: speakers of the scheme that it is trained on.
        n_pointer: width of the source pointer and of the speaker match.
        dropout: on sentence vectors, in training.
    """

    def __init__(
        self, encoder: nn.Module, n_stances: int, n_known: int, n_pointer: int = 256, dropout: float = 0.1
    ) -> None:
        super().__init__()
        config: Any = encoder.config
        width = int(config.hidden_size)
        self.encoder = encoder
        self.mark_embedding = nn.Embedding(MAX_SLOTS + 1, width)
        self.state_embedding = nn.Embedding(N_STATES, width)
        nn.init.normal_(self.mark_embedding.weight, std=0.02)
        nn.init.zeros_(self.state_embedding.weight)
        with torch.no_grad():
            self.mark_embedding.weight[0].zero_()
        self.attention = nn.Linear(width, 1)
        self.sentence = nn.Linear(2 * width, width)
        self.pointer_query = nn.Linear(width, n_pointer)
        self.pointer_key = nn.Linear(width, n_pointer)
        self.reader = nn.Linear(2 * width, width)
        self.norm = nn.LayerNorm(width)
        self.speaker_query = nn.Linear(width, n_pointer)
        self.speaker_key = nn.Linear(width, n_pointer)
        self.known = nn.Linear(width, n_known)
        self.copy_weight = nn.Parameter(torch.tensor([3.0]))
        self.stance = nn.Linear(width, n_stances)
        self.tags = nn.Linear(width, len(TAGS))
        self.dropout = nn.Dropout(dropout)
        self.scale = 1.0 / math.sqrt(n_pointer)

    def forward(
        self,
        ids: Tensor,
        attention: Tensor,
        marks: Tensor,
        states: Tensor,
        sentence_pool: Tensor,
        slot_pool: Tensor,
        known: Tensor,
    ) -> NetworkOutput:
        """Score a batch of windows; the arguments are the arrays of `windows.Batch`.

        Args:
            ids: (n_windows, n_tokens) token ids.
            attention: (n_windows, n_tokens) 1 for tokens, 0 for padding.
            marks: (n_windows, n_tokens) slot number + 1 of the speaker named, 0 for none.
            states: (n_windows, n_tokens) state bits.
            sentence_pool: (n_windows, n_sentences, n_tokens) rows sum to 1 over a sentence's tokens, or are 0.
            slot_pool: (n_windows, n_slots, n_tokens) rows sum to 1 over a prompt's tokens, or are 0.
            known: (n_windows, n_slots) number + 1 of the speaker among those trained on, 0 for a new one.
        """
        words = self.encoder.get_input_embeddings()(ids)  # type: ignore[operator]
        embedded = words + self.mark_embedding(marks) + self.state_embedding(states)
        # (n_windows, n_tokens, width)
        tokens = self.encoder(inputs_embeds=embedded, attention_mask=attention).last_hidden_state

        # A sentence is the mean of its tokens beside a learned weighting of them: (n_windows, n_sentences, width)
        weights = self.attention(tokens).transpose(1, 2).masked_fill(sentence_pool == 0, _NEVER).softmax(-1)
        pooled = torch.cat([sentence_pool @ tokens, weights @ tokens], -1)
        sentences = nn.functional.gelu(self.sentence(self.dropout(pooled)))

        # Where does its source stand? Any token of the article, or token 0 for nowhere.
        hidden = (attention == 0) | (states == PROMPT)
        hidden = torch.cat([torch.zeros_like(hidden[:, :1]), hidden[:, 1:]], 1)
        pointer = self.pointer_query(sentences) @ self.pointer_key(tokens).transpose(1, 2) * self.scale
        pointer = pointer.masked_fill(hidden.unsqueeze(1), _NEVER)
        pointed = pointer.softmax(-1)
        source = pointed @ tokens
        sentences = self.norm(sentences + self.reader(self.dropout(torch.cat([sentences, source], -1))))

        slots = self.speaker_key(slot_pool @ tokens)
        speaker = self.speaker_query(sentences) @ slots.transpose(1, 2) * self.scale
        # How much of the pointer lies on words that name each speaker: (n_windows, n_sentences, n_slots), 0 to 1
        numbers = torch.arange(1, slot_pool.shape[1] + 1, device=marks.device)
        speaker = speaker + self.copy_weight * (pointed @ (marks.unsqueeze(-1) == numbers).to(tokens.dtype))
        classes = self.known(sentences)
        classes = torch.cat([torch.zeros_like(classes[..., :1]), classes], -1)
        speaker = speaker + classes.gather(2, known.unsqueeze(1).expand(-1, classes.shape[1], -1))
        speaker = speaker.masked_fill((slot_pool.sum(-1) == 0).unsqueeze(1), _NEVER)
        return NetworkOutput(speaker, self.stance(sentences), self.tags(tokens), pointer)
