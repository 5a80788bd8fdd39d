"""From a request to a result: configuration, the task itself, its cost, and background jobs."""
