"""Signals of accounts; sent after commit, they only wake somebody sooner."""

from django.dispatch import Signal

# What a user may see or do has changed (role, teams, active, sessions ended): open connections
# must be checked again. Argument: user.
access_changed = Signal()
