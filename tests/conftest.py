"""A tiny random encoder and its tokenizer, made once: the plumbing is tested without weights from anywhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

WORDS = re.findall(
    r"\S+",
    "the a of in on and to he she it they said says told according governor minister kremlin kyiv legion fighters "
    "village border raid troops houses burned two three was were had has been is are we our no not who reporters "
    "monday tuesday statement denied claimed confirmed . , \" ' ’ “ ” : ; - ?",
)


@pytest.fixture(scope="session")
def tiny_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a BERT of two layers and random weights."""
    pytest.importorskip("torch", reason="training tests need the train extra")
    import torch
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder = tmp_path_factory.mktemp("encoder")
    letters = [chr(c) for c in range(ord("a"), ord("z") + 1)]
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS, *letters, *(f"##{c}" for c in letters)]
    vocab = folder / "vocab.txt"
    vocab.write_text("\n".join(dict.fromkeys(vocabulary)) + "\n", encoding="utf-8")
    tokenizer = BertTokenizerFast(vocab=str(vocab), do_lower_case=True)
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(dict.fromkeys(vocabulary)),
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=128,
        max_position_embeddings=256,
    )
    BertModel(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def shipped() -> Path:
    """The shipped model's folder."""
    from sayso.model.checkpoint import shipped_model

    folder = shipped_model()
    if not (folder / "config.json").is_file():
        pytest.fail(f"no shipped model in {folder}: a clone must hold it")
    return folder
