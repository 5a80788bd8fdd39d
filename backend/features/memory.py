"""How much memory a model's weights take, known before they are loaded."""

from backend import catalog


def weight_bytes(n_parameters: int, compression: str) -> float:
    """Upper estimate of the bytes that a model's weights take once loaded.

    Parameters
    ----------
    n_parameters : int
    compression : str
        A name in compressions.yaml.

    Returns
    -------
    float
        With a tenth on top for buffers. A compressed model's embeddings stay in 32 bits, which a
        nominal bit width does not know of; a fifth of the weights is allowed for them.
    """
    bits = catalog.compressions()[compression].nominal_bits
    uncompressed = 1.0 if compression == "none" else 0.2
    mean_bits = uncompressed * 32 + (1 - uncompressed) * bits
    return 1.1 * n_parameters * mean_bits / 8
