"""Training articles to windows with targets: what one training step reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..model.mentions import AliasMatcher, Mention
from ..model.scheme import Scheme, Speaker
from ..model.sentences import quotation_state
from ..model.windows import EncodedArticle, Slot, Span, Window, WindowBuilder, collate
from .augment import Augmentation, rename, reparagraph, restyle_quotes, surnames_of
from .examples import Target, TrainingArticle, Voice
from .polnear import ANY_PROMPTS, OTHER, OUTLET, OUTLET_PROMPTS, SOMEBODY
from .readings import ORIGIN as READINGS

_TAG_NUMBER = {"source": 1, "cue": 2, "content": 3}
#: Not a target: the loss skips it.
IGNORE = -100


@dataclass(frozen=True, slots=True)
class TargetWindow:
    """A window with its targets, before padding; sentences are counted from the window's first.

    Attributes:
        window: what the network reads.
        speakers: (n_sentences, n_slots) True where the sentence may rest on that slot; a row of False is no target.
        stance: (n_sentences,) stance number, IGNORE for none.
        weight: (n_sentences,) weight of the sentence's losses; 0 for sentences that are only context.
        tags: (n_tokens,) tag number, IGNORE for none.
        pointer: (n_sentences, n_tokens) True on the tokens of the sentence's source, or on token 0 where it has none;
            a row of False is no target.
    """

    window: Window
    speakers: NDArray[np.bool_]
    stance: NDArray[np.int64]
    weight: NDArray[np.float32]
    tags: NDArray[np.int64]
    pointer: NDArray[np.bool_]


class TargetBatch(NamedTuple):
    """Padded windows and targets: arrays by name, ready to become tensors."""

    feed: dict[str, NDArray[np.generic]]
    speakers: NDArray[np.bool_]
    stance: NDArray[np.int64]
    weight: NDArray[np.float32]
    tags: NDArray[np.int64]
    pointer: NDArray[np.bool_]


class TargetBuilder:
    """Makes windows with targets from training articles.

    Args:
        builder: makes windows.
        scheme: the study's; articles with voices of their own bring theirs.
        augmentation: how often each change is made; None for none (validation).
        mask_id: token id that hides a token.
    """

    def __init__(self, builder: WindowBuilder, scheme: Scheme, augmentation: Augmentation | None, mask_id: int) -> None:
        self.builder = builder
        self.scheme = scheme
        self.augmentation = augmentation
        self.mask_id = mask_id
        self.matcher = AliasMatcher(scheme.speakers)
        self.surnames = surnames_of(scheme)
        self.outlet = scheme.outlet
        self.rest = scheme.rest

    def windows(self, article: TrainingArticle, rng: np.random.Generator) -> list[TargetWindow]:
        """An article's windows, with this draw's changes."""
        change = self.augmentation
        if change is not None and article.tags is None and rng.random() < change.paragraphs:
            article = reparagraph(article, rng)
        slots, allowed, matcher = self._scheme_for(article, rng)
        mentions = matcher.find(article.text)
        if change is not None:
            if article.tags is None and rng.random() < change.names:
                article = rename(article, self.matcher.find(article.text), self.surnames, rng)
                mentions = matcher.find(article.text)
            if rng.random() < change.quotes:
                article = restyle_quotes(article, rng)
            mentions = self._drop_mentions(mentions, change, rng)
        encoded = self.builder.encode(article.sentences, quotation_state(article.text), mentions)
        if change is not None and change.drop_token > 0:
            hidden = rng.random(len(encoded.ids)) < change.drop_token
            encoded = replace(encoded, ids=np.where(hidden, self.mask_id, encoded.ids))
        tags = _token_tags(article, encoded)
        return [
            self._targets(article, encoded, span, slots, allowed, tags) for span in self.builder.plan(encoded, slots)
        ]

    @staticmethod
    def _drop_mentions(mentions: list[Mention], change: Augmentation, rng: np.random.Generator) -> list[Mention]:
        if rng.random() < change.drop_mentions:
            return []
        return [m for m in mentions if rng.random() >= change.drop_mention]

    def _scheme_for(
        self, article: TrainingArticle, rng: np.random.Generator
    ) -> tuple[tuple[Slot, ...], dict[str, tuple[str, ...]], AliasMatcher]:
        """The speakers prompted for an article: its own, the study's, or any source beside the outlet.

        An article with voices of its own is read under the study's scheme too, where whoever speaks may be anybody but
        the outlet: else the network would learn that a prompt of the study never stands before such news.
        """
        change = self.augmentation
        if change is not None and rng.random() < change.generic:
            return self._generic_scheme(article, rng)
        if article.voices and (change is None or rng.random() >= change.generic):
            return self._own_scheme(article, rng)
        slots, allowed = self._study_scheme(rng)
        if article.voices:
            allowed = self._among_the_study(article, slots, allowed)
        return slots, allowed, self.matcher

    def _among_the_study(
        self, article: TrainingArticle, slots: Sequence[Slot], allowed: dict[str, tuple[str, ...]]
    ) -> dict[str, tuple[str, ...]]:
        """Which of the study's slots the voices of an article of its own may be."""
        anybody = tuple(slot.speaker for slot in slots if slot.speaker != self.outlet)
        if article.strangers and self.rest is not None:
            own = {voice.id: allowed.get(voice.id, (self.rest,)) for voice in article.voices}
            return own | {OTHER: (self.rest,), OUTLET: (self.outlet,)}
        return {voice.id: anybody for voice in article.voices} | {SOMEBODY: anybody, OUTLET: (self.outlet,)}

    def _generic_scheme(
        self, article: TrainingArticle, rng: np.random.Generator
    ) -> tuple[tuple[Slot, ...], dict[str, tuple[str, ...]], AliasMatcher]:
        """Any source against the outlet."""
        ids = {speaker for target in article.targets for speaker in target.speakers}
        own = {OUTLET} if article.voices else {self.outlet}
        allowed: dict[str, tuple[str, ...]] = {i: (OUTLET,) if i in own else (OTHER,) for i in ids}
        prompts = [(OTHER, ANY_PROMPTS), (OUTLET, OUTLET_PROMPTS)]
        slots = [self.builder.slot(speaker, names[int(rng.integers(len(names)))]) for speaker, names in prompts]
        return tuple(slots[i] for i in rng.permutation(2)), allowed, AliasMatcher(())

    def _study_scheme(self, rng: np.random.Generator) -> tuple[tuple[Slot, ...], dict[str, tuple[str, ...]]]:
        """Slots of the study's scheme, and which slots each speaker id stands for (a dropped one: the rest)."""
        speakers: list[Speaker] = list(self.scheme.speakers)
        allowed: dict[str, tuple[str, ...]] = {s.id: (s.id,) for s in speakers}
        change = self.augmentation
        if change is not None:
            for speaker in self.scheme.speakers:
                droppable = self.rest is not None and speaker.id not in (self.rest, self.outlet)
                if droppable and self.rest is not None and rng.random() < change.drop_speaker:
                    speakers.remove(speaker)
                    allowed[speaker.id] = (self.rest,)
            if rng.random() < change.shuffle:
                speakers = [speakers[i] for i in rng.permutation(len(speakers))]
        by_name = change is not None and rng.random() < 0.2
        is_known = change is None or rng.random() >= change.unknown
        slots = tuple(
            self.builder.slot(
                s.id,
                s.name if by_name or not s.description else s.description,
                self.scheme.speaker_ids.index(s.id) + 1 if is_known else 0,
            )
            for s in speakers
        )
        return slots, allowed

    def _own_scheme(
        self, article: TrainingArticle, rng: np.random.Generator
    ) -> tuple[tuple[Slot, ...], dict[str, tuple[str, ...]], AliasMatcher]:
        """Draw some of the article's sources as speakers, some of them merged into one party, the others the rest."""
        named = [v for v in article.voices if v.id not in (OTHER, OUTLET)]
        fixed = {v.id: v for v in article.voices if v.id in (OTHER, OUTLET)}
        n_parties = int(rng.integers(0, min(5, len(named)) + 1)) if named else 0
        if article.origin == READINGS and rng.random() < 0.5:
            n_parties = len(named)  # the scheme as its reader made it
        parties: list[list[Voice]] = [[named[i]] for i in rng.permutation(len(named))[:n_parties]]
        if len(parties) > 2 and rng.random() < 0.5:
            parties[0] += parties.pop()
        allowed: dict[str, tuple[str, ...]] = {v.id: (OTHER,) for v in named}
        allowed |= {OTHER: (OTHER,), OUTLET: (OUTLET,)}
        speakers: list[tuple[str, str]] = []
        aliases: list[Speaker] = []
        for number, party in enumerate(parties):
            party_id = f"party{number}"
            prompt = ", ".join(voice.prompts[int(rng.integers(len(voice.prompts)))] for voice in party)
            speakers.append((party_id, prompt))
            taken = {alias.casefold() for speaker in aliases for alias in speaker.aliases}
            own = tuple(a for voice in party for a in dict.fromkeys(voice.aliases) if a.casefold() not in taken)
            aliases.append(Speaker(id=party_id, name=party_id, colour="#000000", letter="P", aliases=own))
            allowed |= {voice.id: (party_id,) for voice in party}
        for voice_id in (OTHER, OUTLET):
            prompts = fixed[voice_id].prompts
            speakers.append((voice_id, prompts[int(rng.integers(len(prompts)))]))
        if rng.random() < 0.5:
            speakers = [speakers[i] for i in rng.permutation(len(speakers))]
        allowed[SOMEBODY] = tuple(speaker for speaker, _ in speakers if speaker != OUTLET)
        slots = tuple(self.builder.slot(speaker, prompt) for speaker, prompt in speakers)
        return slots, allowed, AliasMatcher(aliases)

    def _targets(
        self,
        article: TrainingArticle,
        encoded: EncodedArticle,
        span: Span,
        slots: Sequence[Slot],
        allowed: dict[str, tuple[str, ...]],
        tags: NDArray[np.int64],
    ) -> TargetWindow:
        window = self.builder.window(encoded, span, slots)
        numbers = {slot.speaker: number for number, slot in enumerate(slots)}
        n_sentences = span.last - span.first
        speakers = np.zeros((n_sentences, len(slots)), bool)
        stance = np.full(n_sentences, IGNORE, np.int64)
        weight = np.zeros(n_sentences, np.float32)
        pointer = np.zeros((n_sentences, len(window.ids)), bool)
        inside = window.token_index >= 0
        starts = np.where(inside, encoded.starts[window.token_index], -1)
        for i in range(span.label_first - span.first, span.label_last - span.first):
            target: Target = article.targets[span.first + i]
            weight[i] = target.weight
            for speaker in target.speakers:
                for slot in allowed[speaker]:
                    speakers[i, numbers[slot]] = True
            if target.stance is not None:
                stance[i] = self.scheme.stance_ids.index(target.stance)
            if target.sources is not None:
                for low, high in target.sources:
                    pointer[i] |= inside & (starts >= low) & (starts < high)
                pointer[i, 0] = not target.sources
        window_tags = np.where(inside, tags[window.token_index], IGNORE)
        return TargetWindow(window, speakers, stance, weight, window_tags, pointer)


def _token_tags(article: TrainingArticle, encoded: EncodedArticle) -> NDArray[np.int64]:
    """Tag number of each token, (n_tokens,); IGNORE throughout where the article has no tags."""
    if article.tags is None:
        return np.full(max(1, len(encoded.ids)), IGNORE, np.int64)
    tags = np.zeros(max(1, len(encoded.ids)), np.int64)
    for kind, start, end in article.tags:
        low, high = np.searchsorted(encoded.starts, (start, end))
        tags[low:high] = _TAG_NUMBER[kind]
    return tags


def collate_targets(windows: Sequence[TargetWindow], pad_id: int) -> TargetBatch:
    """Pad windows of like length, and their targets, to one shape; `pad_id` is the token id of padding."""
    batch = collate([w.window for w in windows], pad_id)
    n_windows, n_tokens = batch.ids.shape
    n_sentences, n_slots = batch.sentence_pool.shape[1], batch.slot_pool.shape[1]
    speakers = np.zeros((n_windows, n_sentences, n_slots), bool)
    stance = np.full((n_windows, n_sentences), IGNORE, np.int64)
    weight = np.zeros((n_windows, n_sentences), np.float32)
    tags = np.full((n_windows, n_tokens), IGNORE, np.int64)
    pointer = np.zeros((n_windows, n_sentences, n_tokens), bool)
    for i, w in enumerate(windows):
        s, k = w.speakers.shape
        speakers[i, :s, :k], stance[i, :s], weight[i, :s] = w.speakers, w.stance, w.weight
        tags[i, : len(w.tags)] = w.tags
        pointer[i, :s, : w.pointer.shape[1]] = w.pointer
    return TargetBatch(batch.feed(), speakers, stance, weight, tags, pointer)
