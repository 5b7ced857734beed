"""Positions in lists that are paged by key: a moment and the id that breaks ties."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def write(at: datetime, pk: int) -> str:
    return f"{(at - _EPOCH) // timedelta(microseconds=1)}.{pk}"


def read(cursor: str) -> tuple[datetime, int]:
    """The moment and the id. Raises `ValueError` for what is no cursor of ours."""
    micros, _dot, pk = cursor.partition(".")
    try:
        return _EPOCH + timedelta(microseconds=int(micros)), int(pk)
    except OverflowError as error:
        raise ValueError(cursor) from error
