"""Plotly figures from the store's tables, their captions, and their export."""
