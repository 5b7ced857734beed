"""Text from outside, made fit for the database."""

from typing import Any


def storable(value: Any) -> Any:
    """The value without NUL and half characters, which PostgreSQL refuses; lists and dicts within.

    JSON may hold both as escapes, so that they arrive in well-formed payloads.
    """
    if isinstance(value, str):
        return value.replace("\0", "").encode(errors="replace").decode()
    if isinstance(value, list | tuple):
        return [storable(item) for item in value]
    if isinstance(value, dict):
        return {storable(key): storable(item) for key, item in value.items()}
    return value
