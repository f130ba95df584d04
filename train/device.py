"""The labeller on a GPU: the network itself in torch, in place of the exported graph. Needs the extra `train`."""

from __future__ import annotations

from pathlib import Path

from ..model.checkpoint import read_config, shipped_model
from ..model.errors import SaysoError
from ..model.labeller import Labeller, LabelSettings
from ..model.windows import WindowBuilder

#: Tokens of the windows that run together: enough for a GPU, and 2 GB of its memory with a base-size encoder.
BATCH_TOKENS = 16384
#: One batch is computed while the next one is cut and padded.
_N_THREADS = 2


def labeller_on(
    device: str, folder: Path | None, settings: LabelSettings | None = None, batch_tokens: int = BATCH_TOKENS
) -> Labeller:
    """Load a model folder, by default the shipped one, onto a device.

    It computes in float32 with the folder's weights, without rounding activations as the graph for CPUs does: labels
    do not depend on the size of batches, but where two are nearly as probable they may differ from the graph's.

    Args:
        device: as torch calls it: cuda, cuda:1, cpu.
        folder: a model folder.
        settings: how articles are labelled.
        batch_tokens: tokens of an article's windows that run together, padding included.

    Raises:
        ModelFolderError: the folder is not whole, was changed, or is of an unknown version.
        SaysoError: torch is not installed, or does not find the device.
    """
    try:
        import torch

        from .folder import load_network
        from .torch_runner import TorchRunner
    except ImportError as error:
        raise SaysoError(
            f"labelling on {device} needs torch", found=str(error), hint="pip install torch 'sayso[train]'"
        ) from None
    try:
        wanted = torch.device(device)
    except RuntimeError as error:
        raise SaysoError(
            f"torch knows no device {device!r}", expected="cuda, cuda:1 or cpu", found=str(error).splitlines()[0]
        ) from None
    if wanted.type == "cuda" and (0 if wanted.index is None else wanted.index) >= torch.cuda.device_count():
        raise SaysoError(
            f"there is no device {device}",
            expected="a GPU, and a torch that was built for it",
            found=f"torch {torch.__version__}, which sees {torch.cuda.device_count()} of them",
            hint="leave out --device, or install torch for your GPU: pytorch.org/get-started",
        )
    place = shipped_model() if folder is None else folder
    config = read_config(place)
    network, encoder = load_network(place, config.scheme, 0.0)
    builder = WindowBuilder(encoder.tokenizer, config.window, encoder.special)
    runner = TorchRunner(network.to(wanted).eval(), batch_tokens)
    return Labeller.with_runner(config, builder, runner, settings, n_threads=_N_THREADS)
