"""A model folder back into a network that can go on learning."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..model.checkpoint import check_digests, load_tokenizer, read_config, read_tensors, split_packed
from ..model.errors import ModelFolderError
from ..model.packing import weights
from ..model.scheme import Scheme
from .encoders import Encoder, empty_encoder, positions

if TYPE_CHECKING:
    from torch import nn


def load_network(folder: Path, scheme: Scheme, dropout: float) -> tuple[nn.Module, Encoder]:
    """The network of a model folder, in float32.

    A folder of another scheme gives its encoder and the heads that serve any scheme; what it learned of its own
    speakers or stances starts anew where the schemes differ.

    Args:
        folder: a whole model folder.
        scheme: that the network will serve.
        dropout: for further training.

    Raises:
        ModelFolderError: the folder is not whole, or its weights are of another shape.
    """
    import torch

    from ..model.network import Network

    config = read_config(folder)
    check_digests(folder, config)
    values = dict(config.encoder.config)
    values |= {key: dropout for key in ("hidden_dropout_prob", "attention_probs_dropout_prob") if key in values}
    network = Network(
        empty_encoder(values), len(scheme.stances), len(scheme.speakers), config.encoder.n_pointer, dropout
    )
    plain, packed = split_packed(read_tensors(folder))
    found = {name: torch.from_numpy(np.array(value)) for name, value in plain.items()}
    found |= {f"{name}.weight": torch.from_numpy(weights(matrix).T.copy()) for name, matrix in packed.items()}
    own = {
        "stance": config.scheme.stance_ids == scheme.stance_ids,
        "known": config.scheme.speaker_ids == scheme.speaker_ids,
    }
    anew = tuple(f"{head}." for head, same in own.items() if not same)
    found = {name: value for name, value in found.items() if not name.startswith(anew)} if anew else found
    missing, unexpected = network.load_state_dict(found, strict=False)
    missing = [name for name in missing if not name.startswith(anew)] if anew else missing
    if missing or unexpected:
        raise ModelFolderError(
            f"{folder} holds other weights than its configuration says",
            found=f"missing {missing[:5]}, unknown {unexpected[:5]}",
        )
    encoder = Encoder(
        str(folder),
        network.encoder,
        values,
        load_tokenizer(folder),
        config.encoder.special,
        config.encoder.mask,
        positions(values),
    )
    return network, encoder
