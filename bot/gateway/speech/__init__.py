"""Speech in the gateway: what is heard and said, by processes of its own or by other servers."""
