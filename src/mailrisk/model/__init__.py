"""Frozen values that every other package speaks: no I/O, no clock, no logic beyond their own form."""
