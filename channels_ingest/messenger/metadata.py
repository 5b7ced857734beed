"""Our own mark on a message, which Meta gives back in the echo: `hd:msg:<public id>[:<part>]`."""

import re
from uuid import UUID

_PREFIX = "hd:msg:"
_MARK = re.compile(
    rf"{_PREFIX}([0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}})(?::(\d{{1,4}}))?"
)


def write(message: UUID, part: int) -> str:
    return f"{_PREFIX}{message}" + (f":{part}" if part else "")


def read(text: str) -> tuple[UUID, int] | None:
    """The message and the part that a mark names; None where it is no mark of ours."""
    found = _MARK.fullmatch(text)
    return (UUID(found[1]), int(found[2] or 0)) if found else None
