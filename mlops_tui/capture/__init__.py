"""What serving code imports to log its decisions: as rows, or as summaries of private values. It never raises there."""

from mlops_tui.capture.decisions import DecisionLog
from mlops_tui.capture.kinds import Kind
from mlops_tui.capture.private import Around, How, OneOf
from mlops_tui.capture.trouble import CaptureWarning, Stats

__all__ = ["Around", "CaptureWarning", "DecisionLog", "How", "Kind", "OneOf", "Stats"]
