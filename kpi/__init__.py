"""Figures: a fact row a ticket and daily roll-ups, read from the event log; surveys; the pages."""
