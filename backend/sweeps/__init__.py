"""Whole sweeps: many runs asked for in one file, done once each, on one machine or many."""
