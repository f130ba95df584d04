"""A tiny random encoder and its tokenizer, made once: the plumbing is tested without weights from anywhere."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from hypothesis import settings

# CI tries the same examples every time, so that a change is blamed only for what it broke; by hand the examples vary.
settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile("hand", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "hand")

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


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole model folder without torch: a graph of five multiplications with random weights.

    A sentence's speaker is the prompt whose mean word is nearest to its own mean word; its stance, tags and source are
    read from the same words. It says nothing sensible, but always the same.
    """
    pytest.importorskip("onnx", reason="writing a graph needs the train extra")
    import json

    import numpy as np
    from onnx import TensorProto, helper
    from safetensors.numpy import save_file
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

    from sayso.model.checkpoint import FILES, EncoderFacts, ModelConfig, file_digest
    from sayso.model.scheme import Scheme
    from sayso.model.windows import WindowSettings

    folder = tmp_path_factory.mktemp("tiny") / "model"
    folder.mkdir()
    vocabulary = dict.fromkeys(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS, *(chr(c) for c in range(97, 123))])
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(vocabulary)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / FILES.tokenizer))

    generator = np.random.default_rng(0)
    shapes = {"words": (len(vocabulary), 16), "stances": (16, 2), "kinds": (16, 4)}
    weights = {name: generator.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    save_file(weights, folder / FILES.weights)

    initializers = []
    for name, shape in shapes.items():
        tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=shape)
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value=FILES.weights)
        initializers.append(tensor)
    nodes = [
        helper.make_node("Gather", ["words", "ids"], ["tokens"]),
        helper.make_node("MatMul", ["sentence_pool", "tokens"], ["sentences"]),
        helper.make_node("MatMul", ["slot_pool", "tokens"], ["slots"]),
        helper.make_node("Transpose", ["slots"], ["slots_t"], perm=[0, 2, 1]),
        helper.make_node("Transpose", ["tokens"], ["tokens_t"], perm=[0, 2, 1]),
        helper.make_node("MatMul", ["sentences", "slots_t"], ["speaker"]),
        helper.make_node("MatMul", ["sentences", "stances"], ["stance"]),
        helper.make_node("MatMul", ["tokens", "kinds"], ["tags"]),
        helper.make_node("MatMul", ["sentences", "tokens_t"], ["pointer"]),
    ]
    inputs = [helper.make_tensor_value_info("ids", TensorProto.INT64, ["w", "t"])]
    inputs += [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["w", name[:-5], "t"])
        for name in ("sentence_pool", "slot_pool")
    ]
    outputs = [
        helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in ("speaker", "stance", "tags", "pointer")
    ]
    graph = helper.make_graph(nodes, "tiny", inputs, outputs, initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    (folder / FILES.graph).write_bytes(model.SerializeToString())

    config = ModelConfig(
        scheme=Scheme.load("belgorod"),
        encoder=EncoderFacts("tiny", {}, ("[CLS]", "[SEP]", "[PAD]"), "[UNK]", 16),
        window=WindowSettings(256, 32, 16),
        weights="float32",
        temperatures={"speaker": 1.0, "stance": 1.0},
        training={},
        scores={},
        parity={},
        digests={name: file_digest(folder / name) for name in FILES.digested()},
    )
    (folder / FILES.config).write_text(json.dumps(config.to_dict()), encoding="utf-8")
    return folder
