"""To and from people: one outbox, and a sender for each channel."""
