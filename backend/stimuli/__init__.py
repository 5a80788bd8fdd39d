"""What a person heard or read."""

from backend.stimuli.readers import read_words, story_name
from backend.stimuli.sentences import Sentences
from backend.stimuli.words import Repair, Words

__all__ = ["Repair", "Sentences", "Words", "read_words", "story_name"]
