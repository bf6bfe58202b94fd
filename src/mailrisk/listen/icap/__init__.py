"""ICAP: a proxy hands us each request before it goes out (RFC 3507)."""
