"""What runs, who answers for it, and who changed what: `inventory.yaml` and the change feeds as values."""

from mlops_tui.inventory.inventory import Inventory, load
from mlops_tui.inventory.lint import lint

__all__ = ["Inventory", "lint", "load"]
