"""What a person heard or read."""

from backend.stimuli.sentences import Sentences
from backend.stimuli.words import Repair, Words

__all__ = ["Repair", "Sentences", "Words"]
