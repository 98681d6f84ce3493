"""Numbers in, numbers out: distances, rates, intervals, change points. No scipy, no input or output."""
