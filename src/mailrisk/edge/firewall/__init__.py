"""Firewalls: each file blocks addresses by another program. The seam is in ``seam.py``, the table in ``registry.py``."""
