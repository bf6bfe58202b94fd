"""HTTP: the native API and the lists. Compatibility routes come beside them, one file a dialect."""
