"""Results: append-only Parquet shards, read through DuckDB beside the precomputed ones."""
