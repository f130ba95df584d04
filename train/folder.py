"""A model folder back into a network that can go on learning."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..model.checkpoint import check_digests, load_tokenizer, read_config, read_tensors, split_packed
from ..model.errors import ConfigError, ModelFolderError
from ..model.packing import weights
from ..model.scheme import Scheme
from .encoders import DROPOUTS, Encoder, empty_encoder, positions
from .settings import TrainSettings

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
        ModelFolderError: the folder is not whole, or holds other weights than it says.
    """
    import torch

    from ..model.network import Network

    config = read_config(folder)
    check_digests(folder, config)
    values = dict(config.encoder.config)
    values |= {key: dropout for key in DROPOUTS if key in values}
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
    shapes = {name: value.shape for name, value in network.state_dict().items()}
    other = [name for name, value in found.items() if name in shapes and value.shape != shapes[name]]
    if other:
        raise ModelFolderError(f"{folder} holds weights of another shape than its configuration says", found=other[0])
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


def load_teachers(settings: TrainSettings, scheme: Scheme, student: Encoder) -> list[nn.Module]:
    """The recipe's teachers, each of which must read the student's tokens and know the study's labels.

    Args:
        settings: the recipe.
        scheme: the study's.
        student: whose windows the teachers will read.

    Raises:
        ConfigError: a teacher is of another scheme or cuts words otherwise.
        ModelFolderError: a teacher's folder is not whole.
    """
    teachers = []
    for folder in settings.teachers:
        config = read_config(folder)
        theirs = (config.scheme.speaker_ids, config.scheme.stance_ids)
        if theirs != (scheme.speaker_ids, scheme.stance_ids):
            raise ConfigError(
                f"the teacher {folder} does not know the study's labels",
                expected=f"a model of scheme {scheme.name}: {', '.join(scheme.speaker_ids)}",
                found=f"one of scheme {config.scheme.name}: {', '.join(config.scheme.speaker_ids)}",
            )
        network, encoder = load_network(folder, scheme, 0.0)
        if encoder.tokenizer.get_vocab() != student.tokenizer.get_vocab():
            raise ConfigError(
                f"the teacher {folder} reads other tokens than {student.name}",
                expected="an encoder with the student's vocabulary",
                hint="MPNet, BERT and RoBERTa cut words each in their own way: distil within one family",
            )
        teachers.append(network)
    return teachers
