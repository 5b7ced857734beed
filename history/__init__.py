"""The event log: what happened, in the order in which it was committed. Knows no other room."""
