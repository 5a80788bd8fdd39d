"""The subcommands of ``python -m backend``, a module each."""
