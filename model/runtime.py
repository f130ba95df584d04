"""ONNX Runtime computes the windows. No torch.

The graph of a model folder has no weights; they are read from `model.safetensors`, unpacked from 4 to 8 bits where
they are packed, and handed to the session. Windows run one at a time: dynamic quantisation takes one range a run, so a
window's scores must not depend on which other windows happen to stand beside it.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from .checkpoint import FILES, read_tensors, split_packed
from .errors import ModelFolderError
from .packing import unpack
from .scorer import RawScores
from .windows import Batch

#: Suffixes of the unpacked parts in the graph.
CODES_INPUT, SCALE_INPUT = ".int8", ".scale"


class OnnxRunner:
    """Runs windows of one model folder.

    Args:
        folder: a whole model folder.
        n_threads: of the session; None for all cores.

    Raises:
        ModelFolderError: the graph and the weights do not fit.
    """

    batch_tokens = 1

    def __init__(self, folder: Path, n_threads: int | None = None) -> None:
        import onnxruntime as ort

        options = ort.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = n_threads if n_threads is not None else (os.cpu_count() or 1)
        plain, packed = split_packed(read_tensors(folder))
        arrays = dict(plain)
        with ThreadPoolExecutor() as pool:
            for (name, matrix), codes in zip(packed.items(), pool.map(unpack, packed.values()), strict=True):
                arrays[name + CODES_INPUT] = codes
                arrays[name + SCALE_INPUT] = matrix.scale
        # The session reads them where they are: they must live as long as it does.
        self._values = {name: ort.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(a)) for name, a in arrays.items()}
        options.add_external_initializers(list(self._values), list(self._values.values()))
        try:
            self._session = ort.InferenceSession(str(folder / FILES.graph), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's own exception classes are not public
            raise ModelFolderError(
                f"{folder / FILES.graph} does not run",
                found=" ".join(str(error).split())[:300],
                hint="export the model again",
            ) from None
        self._inputs = {entry.name for entry in self._session.get_inputs()}

    def run(self, batch: Batch) -> RawScores:
        """Score one batch."""
        feed = {name: array for name, array in batch.feed().items() if name in self._inputs}
        speaker, stance, tags, pointer = self._session.run(["speaker", "stance", "tags", "pointer"], feed)
        return RawScores(speaker, stance, tags, pointer)
