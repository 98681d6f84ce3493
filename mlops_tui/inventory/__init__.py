"""What runs, and who answers for it."""
