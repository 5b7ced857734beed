"""Questions to the roll-ups, and the figures that are made of their answers."""
