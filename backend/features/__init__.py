"""From a stimulus to numbers: language models and baselines.

Loading and extraction need torch and are imported from their own modules, so that what only
describes a model (:mod:`backend.features.sources`) stays light.
"""
