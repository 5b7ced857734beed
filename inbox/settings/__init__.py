"""Pages under /settings/: what an admin sets up once, and what everybody sets for themselves."""
