"""Where things lie below a log's path."""

FOLDER = "_summaries"
"""The folder of summaries; its name says that no rows are in it."""
