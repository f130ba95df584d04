"""Trains what `bench.py` compares with: a Hugging Face classifier of sentences, for its text-classification pipeline.

    python tools/sentence_classifier.py GOLD... --encoder DIR -o DIR [--texts DIR] [--context 3] [--epochs 1]

GOLD is what `sayso evaluate` takes. One label stands for speaker and stance together; where a collection names no
speakers (PolNeAR), all speakers but the outlet become one. Sentences are cut to 256 tokens. Needs the extra `train`.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench_ways import with_context

from sayso.evaluation.gold import ANY_SOURCE, GoldArticle, read_gold
from sayso.model.scheme import Scheme

_N_TOKENS = 256


def examples(gold: Sequence[GoldArticle], scheme: Scheme, n_context: int) -> list[tuple[str, str]]:
    """Text and label of every gold sentence."""
    named = all(one.knows_speakers for one in gold)
    found = []
    for one in gold:
        texts = with_context([row.text for row in one.rows], n_context)
        for text, row in zip(texts, one.rows, strict=True):
            speaker = row.speaker if named or row.speaker == scheme.outlet else ANY_SOURCE
            found.append((text, f"{speaker} {row.stance}"))
    return found


def main() -> None:
    """Train and save."""
    import torch
    from datasets import Dataset
    from transformers import (
        AutoModelForSequenceClassification,
        AutoTokenizer,
        DataCollatorWithPadding,
        Trainer,
        TrainingArguments,
    )

    arguments = _arguments()
    scheme = Scheme.load(arguments.scheme)
    gold = [one for path in arguments.gold for one in read_gold(path, scheme, arguments.texts or [])]
    pairs = examples(gold, scheme, arguments.context)
    labels = sorted({label for _, label in pairs})
    tokenizer = AutoTokenizer.from_pretrained(arguments.encoder, model_max_length=_N_TOKENS)
    network: Any = AutoModelForSequenceClassification.from_pretrained(
        arguments.encoder,
        dtype="float32",
        id2label=dict(enumerate(labels)),
        label2id={label: number for number, label in enumerate(labels)},
    )
    # The end of a text is the sentence: what does not fit is cut from the context before it.
    tokenizer.truncation_side = "left"
    rows = Dataset.from_list(
        [{**tokenizer(text, truncation=True), "labels": labels.index(label)} for text, label in pairs]
    )
    settings = TrainingArguments(
        output_dir=str(arguments.out / "state"),
        num_train_epochs=arguments.epochs,
        per_device_train_batch_size=16,
        learning_rate=3e-5,
        warmup_steps=0.1,
        bf16=arguments.bf16,
        use_cpu=not torch.cuda.is_available(),
        train_sampling_strategy="group_by_length",
        save_strategy="no",
        report_to="none",
        seed=arguments.seed,
    )
    collator = DataCollatorWithPadding(tokenizer)
    print(f"{len(gold)} articles, {len(pairs)} sentences, labels: {', '.join(labels)}", flush=True)
    Trainer(network, settings, train_dataset=rows, data_collator=collator).train()
    network.save_pretrained(arguments.out)
    tokenizer.save_pretrained(arguments.out)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("gold", type=Path, nargs="+", help="gold labels, as for `sayso evaluate`")
    parser.add_argument("--texts", type=Path, action="append", help="folder with the texts of stand-off labels")
    parser.add_argument("--encoder", type=Path, required=True, help="folder of the encoder to start from")
    parser.add_argument("--scheme", default="belgorod", help="whose labels they are")
    parser.add_argument("--context", type=int, default=0, help="sentences before, given with each sentence")
    parser.add_argument("--epochs", type=float, default=1.0)
    parser.add_argument("--bf16", action="store_true", help="compute in bfloat16: faster where the CPU has it")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--out", type=Path, required=True, help="folder to write")
    return parser.parse_args()


if __name__ == "__main__":
    main()
