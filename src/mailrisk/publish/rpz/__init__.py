"""Response policy zones: what resolvers shall not resolve, as a DNS zone that they transfer."""
