"""The base of the REST API: strict input, keyset pages, problems, and the views that use them.

Each app's `api.py` holds its serializers and views; `api` routes them and adds keys, limits and
idempotency.
"""
