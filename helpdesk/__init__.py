"""The project: settings, routing, background work, and small helpers that know no app."""

from helpdesk.celery import app as celery_app

__all__ = ["celery_app"]
