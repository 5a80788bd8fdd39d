"""CortexScale's backend: scale, compression, and what a language model predicts of the brain.

The library behind the app, the command line and cluster workers. It never imports streamlit, and
its light half (catalogue, store, figures, cost, job control) never imports torch.
"""

__version__ = "0.1.0"
