"""The command line: parses and prints. What is done, `mlops_tui.session` does."""
