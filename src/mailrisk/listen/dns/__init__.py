"""Servers of DNS: the lists (RFC 5782) for everybody, the response policy zone for resolvers that transfer it."""
