"""Sentences to token windows and back: the one home of windowing, for training and for labelling alike.

A window is a stretch of whole sentences that the encoder reads in one pass, behind a prompt that names the speakers
of the scheme:

    [CLS] speaker 1 [SEP] speaker 2 [SEP] ... speaker K [SEP] sentence sentence sentence ... [SEP]

Windows overlap: the first sentences of a window, and the last ones, may be there only as context. Before them a later
window repeats a few sentences from further up, in which the names that it meets were introduced: "Gladkov" alone says
nothing of whose side he is on. Every sentence is labelled in exactly one window. Rows are never re-aligned by text: a
window knows which sentences it labels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .errors import ConfigError
from .introductions import Introductions, introductions
from .mentions import Mention
from .records import Sentence
from .scheme import Scheme

if TYPE_CHECKING:
    from tokenizers import Tokenizer

#: What a token's state is made of; the encoder reads it beside the word.
QUOTED, PARAGRAPH_START, HEADLINE, PROMPT = 1, 2, 4, 8
N_STATES = 9
#: Slots that the network has embeddings for: a scheme may have at most as many speakers.
MAX_SLOTS = 16
#: Tokens of one speaker's prompt, at most.
MAX_PROMPT_TOKENS = 24
#: Padded lengths are multiples of this: ever-changing shapes make the kernels and malloc thrash.
LENGTH_STEP = 64


@dataclass(frozen=True, slots=True)
class WindowSettings:
    """How windows are cut.

    Attributes:
        n_tokens: tokens in a window at most, prompt and special tokens included; the encoder's positions bound it.
        context_before: tokens of earlier sentences that a window repeats as context.
        context_after: tokens of later sentences that a window looks ahead to ("...", she said).
        introductions: tokens of sentences from further up in which names of the window were introduced, at most.
    """

    n_tokens: int = 512
    context_before: int = 128
    context_after: int = 48
    introductions: int = 0

    def __post_init__(self) -> None:
        if self.n_tokens < 64:
            raise ConfigError("window too small", expected="n_tokens of 64 or more", found=str(self.n_tokens))
        if min(self.context_before, self.context_after, self.introductions) < 0 or self.context > self.n_tokens // 2:
            raise ConfigError(
                "window context does not fit",
                expected="context_before, context_after and introductions of at most half of n_tokens together, "
                "none negative",
                found=f"{self.context_before} + {self.context_after} + {self.introductions} of {self.n_tokens}",
            )

    @property
    def context(self) -> int:
        """Tokens of context in all, before, after and from further up."""
        return self.context_before + self.context_after + self.introductions


@dataclass(frozen=True, slots=True)
class Span:
    """Sentences `first` to `last` (exclusive) are read; `label_first` to `label_last` (exclusive) are labelled.

    `introductions` are sentences before `first` that are read too, in order.
    """

    first: int
    last: int
    label_first: int
    label_last: int
    introductions: tuple[int, ...] = ()


def plan_windows(
    lengths: Sequence[int],
    budget: int,
    context_before: int,
    context_after: int,
    introduce: Callable[[Span], tuple[int, ...]] = lambda span: (),
) -> list[Span]:
    """Cut sentences of these lengths into windows of at most `budget` tokens.

    Args:
        lengths: tokens of each sentence; a sentence longer than the budget counts as the budget (it is truncated).
        budget: tokens that the sentences of one window may have together.
        context_before: tokens of context before the first labelled sentence, at most, in whole sentences.
        context_after: tokens of context after the last labelled sentence, at least, where the article goes on.
        introduce: the sentences from further up that a window should repeat; it then holds fewer of its own.

    Returns:
        Windows in order; every sentence is labelled in exactly one.
    """
    sizes = [min(length, budget) for length in lengths]
    spans: list[Span] = []
    start = 0
    while start < len(sizes):
        span = _stretch(sizes, start, budget, context_before, context_after)
        further_up = introduce(span)
        room = budget - sum(sizes[i] for i in further_up)
        if further_up and sizes[start] <= room:
            span = replace(_stretch(sizes, start, room, context_before, context_after), introductions=further_up)
        spans.append(span)
        start = span.label_last
    return spans


def _stretch(sizes: Sequence[int], start: int, room: int, context_before: int, context_after: int) -> Span:
    """The window whose first labelled sentence is `start`, with as many sentences as there is room for."""
    first, used = start, sizes[start]
    context = 0
    while first > 0 and context + sizes[first - 1] <= context_before and used + sizes[first - 1] <= room:
        first -= 1
        context += sizes[first]
        used += sizes[first]
    last = start + 1
    while last < len(sizes) and used + sizes[last] <= room:
        used += sizes[last]
        last += 1
    stop = last
    if last < len(sizes):
        ahead = 0
        while stop - 1 > start and ahead < context_after:
            stop -= 1
            ahead += sizes[stop]
    return Span(first, last, start, stop)


@dataclass(frozen=True, slots=True)
class EncodedArticle:
    """An article's kept sentences as tokens; all arrays are over its tokens, (n_tokens,).

    Attributes:
        sentences: the sentences, in order; `bounds[i]` to `bounds[i + 1]` are the tokens of sentence i.
        bounds: (n_sentences + 1,).
        ids: token ids.
        starts: character offset of each token into the article's text.
        ends: offset after the token's last character.
        states: bits QUOTED, PARAGRAPH_START (the token's sentence opens a paragraph), HEADLINE.
        mentions: index into `speakers` + 1 of the speaker that the token names, 0 for none.
        speakers: speaker ids that mentions refer to.
        introduced: for each sentence the earlier ones that introduce whom it names.
    """

    sentences: tuple[Sentence, ...]
    bounds: NDArray[np.int64]
    ids: NDArray[np.int64]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    states: NDArray[np.int64]
    mentions: NDArray[np.int64]
    speakers: tuple[str, ...]
    introduced: tuple[tuple[int, ...], ...]

    @property
    def lengths(self) -> list[int]:
        """Tokens of each sentence."""
        return [int(n) for n in np.diff(self.bounds)]


@dataclass(frozen=True, slots=True)
class Slot:
    """A speaker as the network sees it: a place in the prompt and the tokens that describe it.

    `known` is its number + 1 among the speakers that the network was trained on, 0 for a speaker it never met.
    """

    speaker: str
    prompt: tuple[int, ...]
    known: int = 0


@dataclass(frozen=True, slots=True)
class Window:
    """One window, before padding.

    Attributes:
        span: which sentences of the article are read and labelled.
        ids: (n_tokens,) token ids, prompt and special tokens included.
        marks: (n_tokens,) slot number + 1 of the speaker that a token names or belongs to, 0 for none.
        states: (n_tokens,) see EncodedArticle; PROMPT for prompt and special tokens.
        token_sentence: (n_tokens,) number of the sentence counted from `span.first`, -1 outside the span's sentences.
        token_slot: (n_tokens,) slot number for prompt tokens, -1 elsewhere.
        token_index: (n_tokens,) index into the EncodedArticle's tokens, -1 for prompt and special tokens.
        known: (n_slots,) see Slot.
        n_truncated: tokens of an over-long sentence that did not fit.
    """

    span: Span
    ids: NDArray[np.int64]
    marks: NDArray[np.int64]
    states: NDArray[np.int64]
    token_sentence: NDArray[np.int64]
    token_slot: NDArray[np.int64]
    token_index: NDArray[np.int64]
    known: NDArray[np.int64]
    n_truncated: int

    @property
    def n_slots(self) -> int:
        """Speakers in the prompt."""
        return len(self.known)

    @property
    def n_sentences(self) -> int:
        """Sentences read, context included."""
        return self.span.last - self.span.first


@dataclass(frozen=True, slots=True)
class Batch:
    """Windows padded to one length: what the network reads.

    Attributes:
        ids: (n_windows, n_tokens) token ids.
        attention: (n_windows, n_tokens) 1 for tokens, 0 for padding.
        marks: (n_windows, n_tokens) slot number + 1, 0 for none.
        states: (n_windows, n_tokens) state bits, 0 to N_STATES - 1.
        sentence_pool: (n_windows, n_sentences, n_tokens) float32; a row sums to 1 over its sentence's tokens, or is 0.
        slot_pool: (n_windows, n_slots, n_tokens) float32; a row sums to 1 over its prompt's tokens, or is 0.
        known: (n_windows, n_slots) number + 1 of the speaker among those trained on, 0 for a new one.
    """

    ids: NDArray[np.int64]
    attention: NDArray[np.int64]
    marks: NDArray[np.int64]
    states: NDArray[np.int64]
    sentence_pool: NDArray[np.float32]
    slot_pool: NDArray[np.float32]
    known: NDArray[np.int64]

    def feed(self) -> dict[str, NDArray[np.generic]]:
        """The arrays by the input names of the network."""
        return {
            "ids": self.ids,
            "attention": self.attention,
            "marks": self.marks,
            "states": self.states,
            "sentence_pool": self.sentence_pool,
            "slot_pool": self.slot_pool,
            "known": self.known,
        }


class WindowBuilder:
    """Turns sentences into windows for one tokenizer and one setting.

    Args:
        tokenizer: with a CLS, a SEP and a padding token.
        settings: how windows are cut.
        special: names of the CLS, SEP and padding tokens, e.g. `("<s>", "</s>", "<pad>")`.

    Raises:
        ConfigError: the tokenizer lacks one of the special tokens.
    """

    def __init__(self, tokenizer: Tokenizer, settings: WindowSettings, special: tuple[str, str, str]) -> None:
        tokenizer.no_padding()
        tokenizer.no_truncation()
        self.tokenizer = tokenizer
        self.settings = settings
        numbers = []
        for token in special:
            number = tokenizer.token_to_id(token)
            if number is None:
                raise ConfigError("tokenizer and settings disagree", expected=f"a token {token!r}", found="none")
            numbers.append(number)
        self.cls_id, self.sep_id, self.pad_id = numbers

    def slots(self, scheme: Scheme, known: Sequence[str]) -> tuple[Slot, ...]:
        """The speakers of a scheme as slots, in label order.

        Args:
            scheme: whose speakers.
            known: ids of the speakers that the network was trained on, in its order; () for a scheme it never met.

        Raises:
            ConfigError: the scheme has more than MAX_SLOTS speakers.
        """
        if len(scheme.speakers) > MAX_SLOTS:
            raise ConfigError(
                f"scheme {scheme.name} has too many speakers",
                expected=f"at most {MAX_SLOTS}",
                found=str(len(scheme.speakers)),
            )
        return tuple(
            self.slot(
                speaker.id,
                speaker.description if speaker.description else speaker.name,
                known.index(speaker.id) + 1 if speaker.id in known else 0,
            )
            for speaker in scheme.speakers
        )

    def slot(self, speaker: str, prompt: str, known: int = 0) -> Slot:
        """One slot; its prompt is cut to MAX_PROMPT_TOKENS tokens. `known`: see Slot."""
        ids = self.tokenizer.encode(prompt, add_special_tokens=False).ids[:MAX_PROMPT_TOKENS]
        return Slot(speaker, tuple(ids) if ids else (self.sep_id,), known)

    def encode(
        self,
        sentences: Sequence[Sentence],
        quoted: NDArray[np.uint8],
        mentions: Sequence[Mention],
    ) -> EncodedArticle:
        """Tokenise an article's sentences.

        Args:
            sentences: those to read, in order.
            quoted: (n_chars,) 1 where a character of the article stands inside quotation marks.
            mentions: of the article's text, in order.
        """
        encodings = self.tokenizer.encode_batch([s.text for s in sentences], add_special_tokens=False)
        counts = [len(e.ids) for e in encodings]
        bounds = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)]).astype(np.int64)
        n_tokens = int(bounds[-1])
        ids = np.fromiter((i for e in encodings for i in e.ids), np.int64, n_tokens)
        inner = np.fromiter((o for e in encodings for pair in e.offsets for o in pair), np.int64, 2 * n_tokens).reshape(
            -1, 2
        )
        shift = np.repeat(np.array([s.start for s in sentences], np.int64), counts)
        starts, ends = inner[:, 0] + shift, inner[:, 1] + shift

        states = (
            quoted[np.minimum(starts, max(len(quoted) - 1, 0))].astype(np.int64) * QUOTED if n_tokens else ids.copy()
        )
        opens = np.zeros(len(sentences), np.int64)
        for i, sentence in enumerate(sentences):
            if i == 0 or sentence.paragraph != sentences[i - 1].paragraph:
                opens[i] |= PARAGRAPH_START
            if sentence.paragraph == 0:
                opens[i] |= HEADLINE
        states |= np.repeat(opens, counts)

        speakers = tuple(dict.fromkeys(m.speaker for m in mentions))
        marks = np.zeros(n_tokens, np.int64)
        for mention in mentions:
            low, high = np.searchsorted(starts, (mention.start, mention.end))
            marks[low:high] = speakers.index(mention.speaker) + 1
        introduced = introductions(sentences)
        return EncodedArticle(tuple(sentences), bounds, ids, starts, ends, states, marks, speakers, introduced)

    def plan(self, article: EncodedArticle, slots: Sequence[Slot]) -> list[Span]:
        """Where the article's windows lie when these slots are prompted."""
        settings, lengths = self.settings, article.lengths
        known = Introductions(article.introduced, lengths, settings.introductions)
        return plan_windows(
            lengths,
            self._budget(slots),
            settings.context_before,
            settings.context_after,
            lambda span: known.before(span.first, span.label_last),
        )

    def windows(self, article: EncodedArticle, slots: Sequence[Slot]) -> list[Window]:
        """All windows of an article."""
        return [self.window(article, span, slots) for span in self.plan(article, slots)]

    def window(self, article: EncodedArticle, span: Span, slots: Sequence[Slot]) -> Window:
        """One window of an article."""
        budget = self._budget(slots)
        prompt_ids = [self.cls_id]
        prompt_slots = [-1]
        for number, slot in enumerate(slots):
            prompt_ids += [*slot.prompt, self.sep_id]
            prompt_slots += [number] * len(slot.prompt) + [-1]
        n_prompt = len(prompt_ids)

        low, high = int(article.bounds[span.first]), int(article.bounds[span.last])
        further_up = [np.arange(article.bounds[i], article.bounds[i + 1]) for i in span.introductions]
        n_further_up = sum(map(len, further_up))
        n_truncated = max(0, n_further_up + high - low - budget)
        read = np.concatenate([*further_up, np.arange(low, high - n_truncated)])
        n_tokens = n_prompt + len(read) + 1

        ids = np.full(n_tokens, self.sep_id, np.int64)
        ids[:n_prompt] = prompt_ids
        ids[n_prompt:-1] = article.ids[read]
        token_slot = np.full(n_tokens, -1, np.int64)
        token_slot[:n_prompt] = prompt_slots
        states = np.full(n_tokens, PROMPT, np.int64)
        states[n_prompt:-1] = article.states[read]
        order = {slot.speaker: number for number, slot in enumerate(slots)}
        # A mention of a speaker that has no slot here is no mention.
        recode = np.array([0, *(order.get(speaker, -1) + 1 for speaker in article.speakers)], np.int64)
        marks = token_slot + 1
        marks[n_prompt:-1] = recode[article.mentions[read]]
        token_index = np.full(n_tokens, -1, np.int64)
        token_index[n_prompt:-1] = read
        # Sentences from further up are read, but are none of the window's.
        token_sentence = np.full(n_tokens, -1, np.int64)
        own = slice(n_prompt + n_further_up, -1)
        token_sentence[own] = np.searchsorted(article.bounds, token_index[own], side="right") - 1 - span.first
        known = np.array([slot.known for slot in slots], np.int64)
        return Window(span, ids, marks, states, token_sentence, token_slot, token_index, known, n_truncated)

    def _budget(self, slots: Sequence[Slot]) -> int:
        budget = self.settings.n_tokens - 2 - sum(len(slot.prompt) + 1 for slot in slots)
        if budget < self.settings.n_tokens // 4:
            raise ConfigError(
                "the speakers' descriptions fill the window",
                expected="descriptions short enough to leave a quarter of the window to the article",
                found=f"{len(slots)} speakers, {budget} of {self.settings.n_tokens} tokens left",
                hint="shorten the descriptions in the scheme",
            )
        return budget


def padded_length(n_tokens: int) -> int:
    """Tokens of a window of so many when `collate` has padded it."""
    return _up(n_tokens, LENGTH_STEP)


def collate(windows: Sequence[Window], pad_id: int, *, sentence_step: int = 8) -> Batch:
    """Pad windows to one length (a multiple of LENGTH_STEP) and to one number of sentences and slots."""
    n_windows = len(windows)
    n_tokens = padded_length(max(len(w.ids) for w in windows))
    n_sentences = _up(max(w.n_sentences for w in windows), sentence_step)
    n_slots = max(w.n_slots for w in windows)
    ids = np.full((n_windows, n_tokens), pad_id, np.int64)
    attention = np.zeros((n_windows, n_tokens), np.int64)
    marks = np.zeros((n_windows, n_tokens), np.int64)
    states = np.zeros((n_windows, n_tokens), np.int64)
    sentence_pool = np.zeros((n_windows, n_sentences, n_tokens), np.float32)
    slot_pool = np.zeros((n_windows, n_slots, n_tokens), np.float32)
    known = np.zeros((n_windows, n_slots), np.int64)
    for i, window in enumerate(windows):
        n = len(window.ids)
        ids[i, :n], attention[i, :n], marks[i, :n], states[i, :n] = window.ids, 1, window.marks, window.states
        _fill_pool(sentence_pool[i], window.token_sentence)
        _fill_pool(slot_pool[i], window.token_slot)
        known[i, : window.n_slots] = window.known
    return Batch(ids, attention, marks, states, sentence_pool, slot_pool, known)


def _fill_pool(pool: NDArray[np.float32], owner: NDArray[np.int64]) -> None:
    """Set pool[owner[t], t] to 1 / (tokens of that owner)."""
    tokens = np.flatnonzero(owner >= 0)
    owners = owner[tokens]
    counts = np.bincount(owners, minlength=pool.shape[0])
    pool[owners, tokens] = 1.0 / counts[owners]


def _up(number: int, step: int) -> int:
    return -(-number // step) * step
