"""The chain as it should be: an inventory's first draft from a log."""
