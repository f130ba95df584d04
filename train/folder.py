"""A model folder back into a network that can go on learning."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..model.checkpoint import check_digests, load_tokenizer, read_config, read_tensors, split_packed
from ..model.errors import ModelFolderError
from ..model.packing import weights
from .encoders import Encoder, empty_encoder

if TYPE_CHECKING:
    from torch import nn


def load_network(folder: Path, *, dropout: float, n_stances: int) -> tuple[nn.Module, Encoder]:
    """The network of a model folder, in float32.

    A folder of another number of stances gives its encoder and speaker head, and a new stance head.

    Args:
        folder: a whole model folder.
        dropout: for further training.
        n_stances: stances of the scheme that it will serve.

    Raises:
        ModelFolderError: the folder is not whole, or its weights are of another shape.
    """
    import torch

    from ..model.network import Network

    config = read_config(folder)
    check_digests(folder, config)
    values = dict(config.encoder.config)
    values |= {key: dropout for key in ("hidden_dropout_prob", "attention_probs_dropout_prob") if key in values}
    network = Network(empty_encoder(values), n_stances, config.encoder.n_pointer, dropout)
    plain, packed = split_packed(read_tensors(folder))
    found = {name: torch.from_numpy(np.array(value)) for name, value in plain.items()}
    found |= {f"{name}.weight": torch.from_numpy(weights(matrix).T.copy()) for name, matrix in packed.items()}
    if found["stance.weight"].shape[0] != n_stances:
        del found["stance.weight"], found["stance.bias"]
    missing, unexpected = network.load_state_dict(found, strict=False)
    missing = [name for name in missing if not name.startswith("stance.")]
    if missing or unexpected:
        raise ModelFolderError(
            f"{folder} holds other weights than its configuration says",
            found=f"missing {missing[:5]}, unknown {unexpected[:5]}",
        )
    positions = int(values["max_position_embeddings"]) - (2 if values["model_type"] in {"mpnet", "roberta"} else 0)
    encoder = Encoder(
        str(folder),
        network.encoder,
        values,
        load_tokenizer(folder),
        config.encoder.special,
        config.encoder.mask,
        positions,
    )
    return network, encoder
