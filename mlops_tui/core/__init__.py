"""The words of the trade. Standard library only, no input or output."""
