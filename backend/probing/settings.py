"""What is fixed of every probe, readable without torch."""

PENALTIES = tuple(10.0**power for power in range(7))
"""On features of unit variance. The nested choice is among these."""
TRAINING_SHARE = 0.8
"""Of the training units, in each seed: how far the score hangs on the items that happen to be
trained on is a part of what is unknown."""
