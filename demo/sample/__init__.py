"""Invented shops, people and conversations: for newcomers to look at, and for measuring."""
