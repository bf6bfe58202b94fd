"""A syslog receiver for hosts that cannot run an agent: UDP, TCP and TLS."""
