"""Files that people write: strict YAML to typed values, every fault at once with its line and column."""

from mlops_tui.files.reader import Reader, read
from mlops_tui.files.schema import json_schema
from mlops_tui.files.tree import Node

__all__ = ["Node", "Reader", "json_schema", "read"]
