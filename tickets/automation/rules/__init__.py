"""Rules: when something happens or time passes, if a ticket is so, then something is done."""
