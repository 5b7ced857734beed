"""Asking customers how it was: whom, when, by what link, and what their answers add to figures."""
