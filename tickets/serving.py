"""Handing out what customers sent, so that it can do nothing in anybody's browser."""

from urllib.parse import quote

from django.http import HttpResponse

from tickets import attaching, sniffing
from tickets.models import Attachment

_POLICY = "sandbox; default-src 'none'"
_KEPT_S = 24 * 3600


def response(attachment: Attachment, *, inline: bool = False) -> HttpResponse:
    """The file as a download; shown in place only if it is a raster picture and that is asked for.

    Raises `FileNotFoundError` where it was not fetched (yet).
    """
    in_place = inline and attachment.content_type in sniffing.INLINE_TYPES
    kind = "inline" if in_place else "attachment"
    name = quote(attachment.name, safe="")
    return harmless(
        attaching.read(attachment),
        attachment.content_type,
        disposition=f"{kind}; filename*=UTF-8''{name}",
    )


def harmless(content: bytes, content_type: str, *, disposition: str) -> HttpResponse:
    """Bytes of somebody else, with every header that keeps a browser from running them."""
    answer = HttpResponse(content, content_type=content_type)
    answer["Content-Disposition"] = disposition
    answer["Content-Security-Policy"] = _POLICY
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cross-Origin-Resource-Policy"] = "same-origin"
    answer["Cache-Control"] = f"private, max-age={_KEPT_S}"
    return answer
