"""The one language for questions: SQL on a locked-down DuckDB, values bound and never pasted."""
