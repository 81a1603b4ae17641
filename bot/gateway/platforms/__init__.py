"""What all messaging platforms have in common; one adapter a file stands in :mod:`bot.gateway.channels`."""
