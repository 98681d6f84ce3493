"""Rows become small mergeable counts once: added, merged, written, read, and answered from. Knows no engine."""
