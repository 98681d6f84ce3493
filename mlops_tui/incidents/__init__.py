"""What the events of the journal mean: the run, the incident, its timeline and its messages, each a fold."""
