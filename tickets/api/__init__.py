"""Tickets, messages, history and files in the REST API."""
