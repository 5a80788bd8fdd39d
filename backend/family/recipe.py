"""How every size is trained: one recipe, in which only the learning rate knows the size."""

import math
from dataclasses import dataclass, replace

from backend.family.sizes import CONTEXT


@dataclass(frozen=True)
class Recipe:
    """Settings of a training.

    Attributes
    ----------
    steps : int
        Updates of the weights.
    batch : int
        Texts per update, each of ``length`` tokens.
    length : int
    peak_rate : float
        Highest learning rate of a model 64 wide; it falls with the square root of the width.
    warm_up : int
        Steps until the learning rate is at its peak; a cosine takes it down to a tenth.
    decay : float
        Weight decay of matrices.
    clip : float
        Largest norm of a gradient.
    seed : int
    """

    steps: int = 1000
    batch: int = 16
    length: int = CONTEXT
    peak_rate: float = 4e-3
    warm_up: int = 100
    decay: float = 0.1
    clip: float = 1.0
    seed: int = 0

    def further(self) -> "Recipe":
        """Return the recipe for training a trained model further.

        Half the learning rate, so that what was learned is not unlearned, and other windows.
        """
        return replace(self, peak_rate=self.peak_rate / 2, seed=self.seed + 1)

    @property
    def n_tokens(self) -> int:
        """Tokens read in all."""
        return self.steps * self.batch * self.length

    def rate(self, step: int, width: int) -> float:
        """Learning rate of a step.

        Parameters
        ----------
        step : int
            From 0.
        width : int
            Of the model.

        Returns
        -------
        float
        """
        peak = self.peak_rate * math.sqrt(64 / width)
        if step < self.warm_up:
            return peak * (step + 1) / self.warm_up
        progress = (step - self.warm_up) / max(1, self.steps - self.warm_up)
        return peak * (0.1 + 0.45 * (1 + math.cos(math.pi * progress)))
