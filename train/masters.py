"""Weights in full precision beside the network that computes in bf16, or in rounded weights.

The network holds what is computed with; the masters hold what is learned. After every step the masters are published
into the network, rounded once rounding has begun. The gradient of the published weight is applied to its master
(straight-through), so nothing but this file knows of rounding.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from .quantise import packable, round_activations, rounded
from .settings import TrainSettings


class MasterWeights:
    """The learned weights, their optimiser and their schedule.

    Args:
        network: where the weights are published.
        exact: its state in full precision, from before it was cast; kept, and changed by learning.
        groups: its parameters with `lr` and `weight_decay`.
        n_steps: optimiser steps that the run will take.
        settings: the recipe.
    """

    def __init__(
        self,
        network: nn.Module,
        exact: dict[str, Tensor],
        groups: list[dict[str, Any]],
        n_steps: int,
        settings: TrainSettings,
    ) -> None:
        self.network = network
        self.bits = settings.bits
        self.n_warm = max(1, round(n_steps * settings.warmup))
        self.n_steps = n_steps
        self.n_done = 0
        self.n_exact = round(n_steps * settings.rounding_from)
        self._hooks: list[RemovableHandle] = []
        self._packable = {f"{name}.weight" for name in packable(network)}
        self._published: dict[str, nn.Parameter] = {
            n: p for n, p in network.named_parameters() if p.requires_grad or n in self._packable
        }
        names = {id(p): n for n, p in self._published.items()}
        self._exact = exact
        self._masters = {n: exact[n].to(p.device) for n, p in self._published.items()}
        self.optimizer = torch.optim.AdamW(
            [{**group, "params": [self._masters[names[id(p)]] for p in group["params"]]} for group in groups],
            betas=(0.9, 0.98),
            fused=True,
        )
        self._rates = [group["lr"] for group in self.optimizer.param_groups]

    @property
    def rounding(self) -> bool:
        """Whether the published weights are rounded."""
        return bool(self._hooks)

    def begin_rounding(self) -> None:
        """Round from the next step on, whatever the recipe says."""
        self.n_exact = self.n_done

    def step(self) -> None:
        """Apply the network's gradients to the masters and publish them."""
        trained = [(self._masters[n], p) for n, p in self._published.items() if p.requires_grad]
        for master, parameter in trained:
            master.grad = None if parameter.grad is None else parameter.grad.float()
            parameter.grad = None
        torch.nn.utils.clip_grad_norm_([master for master, _ in trained], 1.0)
        factor = self._factor()
        for group, rate in zip(self.optimizer.param_groups, self._rates, strict=True):
            group["lr"] = rate * factor
        self.optimizer.step()
        self.n_done += 1
        if self.bits is not None and self.n_done >= self.n_exact and not self._hooks:
            self._hooks = round_activations(self.network)
            self._publish(everything=True)
        else:
            self._publish(everything=False)

    def _factor(self) -> float:
        if self.n_done < self.n_warm:
            return (self.n_done + 1) / self.n_warm
        # Falls to a twentieth, not to nothing: the last steps, with rounded weights, must still be able to move.
        return max(0.05, (self.n_steps - self.n_done) / max(1, self.n_steps - self.n_warm))

    def _publish(self, *, everything: bool) -> None:
        with torch.no_grad():
            for name, parameter in self._published.items():
                if parameter.requires_grad or everything:
                    parameter.copy_(self._value(name))

    def _value(self, name: str) -> Tensor:
        master = self._masters[name]
        if self._hooks and self.bits is not None and name in self._packable:
            return rounded(master, self.bits)
        return master

    def result(self) -> dict[str, Tensor]:
        """All weights and buffers of the network in full precision, on the CPU; packing rounds them as published."""
        with torch.no_grad():
            return {n: v.detach().cpu().clone() for n, v in (self._exact | self._masters).items()}

    def finish(self) -> None:
        """Stop rounding activations."""
        for hook in self._hooks:
            hook.remove()
        self._hooks = []

    def state_dict(self) -> dict[str, Any]:
        """What a broken run needs to go on."""
        return {
            "masters": self._masters,
            "optimizer": self.optimizer.state_dict(),
            "n_done": self.n_done,
            "n_exact": self.n_exact,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""
        with torch.no_grad():
            for name, value in state["masters"].items():
                self._masters[name].copy_(value)
        self.optimizer.load_state_dict(state["optimizer"])
        self.n_done, self.n_exact = int(state["n_done"]), int(state["n_exact"])
        if self.bits is not None and self.n_done >= self.n_exact:
            self._hooks = round_activations(self.network)
        self._publish(everything=True)
