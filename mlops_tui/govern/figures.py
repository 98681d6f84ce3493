"""Numbers as people read them."""

from __future__ import annotations

from mlops_tui.govern.profile import Column


def span(c: Column) -> str:
    """The lowest and the highest number, as exact as people need."""
    import numpy as np

    known = c.numbers[np.isfinite(c.numbers)]
    low, high = (float(c.low), float(c.high)) if c.low and c.high else (float(known.min()), float(known.max()))
    return f"{figure(low, high - low)} to {figure(high, high - low)}"


def figure(value: float, scale: float) -> str:
    """A number with the digits that matter among numbers that lie `scale` apart; never in powers of ten below a billion."""
    if abs(value) >= 1e9 or not scale:
        return f"{value:.4g}"
    if abs(value) < scale / 1000:
        return f"{value:.3g}" if abs(value) >= 0.01 else "0"
    digits = max(0, 3 - len(str(int(max(abs(value), scale)))) + (1 if scale < 1 else 0))
    return f"{value:,.{digits}f}".rstrip("0").rstrip(".") if digits else f"{value:,.0f}"
