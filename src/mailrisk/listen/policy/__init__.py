"""The protocols in which mail servers ask before they act: Dovecot's auth policy, Postfix's policy delegation."""
