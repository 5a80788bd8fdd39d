"""The cortical surface, regions of interest on it, and the way from a volume to it."""
