"""What a person heard or read."""

from backend.stimuli.sentences import Sentences

__all__ = ["Sentences"]
