"""Look-up workers: processes that answer checks from the index and hand everything else to the core."""
