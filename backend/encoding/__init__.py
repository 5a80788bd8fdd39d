"""Encoding models: folds, ridge, banded ridge and scores."""
