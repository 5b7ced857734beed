"""Addresses of the shop's pages, as far as they are an agent's business."""

from urllib.parse import urlsplit

_LONGEST = 500


def tame(url: object) -> str:
    """The page without query and fragment, which may hold anything; '' for no web address."""
    if not isinstance(url, str):
        return ""
    try:
        parts = urlsplit(url[: _LONGEST * 4])
        host, port = parts.hostname, parts.port
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not host:
        return ""
    place = f"{host}:{port}" if port else host
    return f"{parts.scheme}://{place}{parts.path}"[:_LONGEST]


def short(code: object) -> str:
    """A short code (a trigger's id) as it came; '' for anything else."""
    return code[:64] if isinstance(code, str) else ""
