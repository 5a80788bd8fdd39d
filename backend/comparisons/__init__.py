"""Runs beside each other: scale, compression, and what published claims say of them."""
