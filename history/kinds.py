"""The kinds of events and what each may carry. Every room registers its own on start."""

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

# A code, an id or a time. Free text has spaces and does not fit, and that is the point.
_CODE = re.compile(r"[\w.:+\-]{0,64}\Z", re.ASCII)

_kinds: dict[str, frozenset[str]] = {}


class NotAFact(ValueError):
    """The kind is unknown, or the data hold what is not a code, id, number or time."""


def register(kind: str, *keys: str) -> None:
    """Allow events of this kind, whose data may have these keys."""
    _kinds[kind] = frozenset(keys)


def registered() -> Iterable[str]:
    """Every known kind, for documentation and for webhooks."""
    return sorted(_kinds)


def checked(kind: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the data in JSON's types. Raises `NotAFact` where they break the kind's schema."""
    if kind not in _kinds:
        raise NotAFact(f"unknown kind of event: {kind}")
    if unknown := data.keys() - _kinds[kind]:
        raise NotAFact(f"{kind} has no {', '.join(sorted(unknown))}")
    return {key: _fact(kind, key, value) for key, value in data.items()}


def _fact(kind: str, key: str, value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, str) and _CODE.match(value):
        return str(value)
    if isinstance(value, list | tuple):
        return [_fact(kind, key, item) for item in value]
    raise NotAFact(f"{kind}.{key} may not hold {type(value).__name__}")
