"""The gateway's fixtures."""

from tests.support.gateway import dialogue, migrated_database, running, start_gateway, visitor

__all__ = ["dialogue", "migrated_database", "running", "start_gateway", "visitor"]
