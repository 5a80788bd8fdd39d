"""What leaves the app beside the figures: methods, references, and bundles of both."""
