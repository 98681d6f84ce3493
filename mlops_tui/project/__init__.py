"""An opened project: paths, zone, clock, person, inventory, logs, journal. One frozen value, passed in."""

from mlops_tui.project.project import Project, open_project, root_of, runbook_files
from mlops_tui.project.subject import Subject

__all__ = ["Project", "Subject", "open_project", "root_of", "runbook_files"]
