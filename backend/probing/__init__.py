"""Linguistic probes of a model's states: tasks, linear probes, controls, removal."""
