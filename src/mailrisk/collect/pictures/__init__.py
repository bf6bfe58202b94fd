"""Pictures -> machine-readable codes: decoding with limits, reading, finder patterns, kinds of payload. Pure."""
