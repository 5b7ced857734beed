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
    answer = HttpResponse(attaching.read(attachment), content_type=attachment.content_type)
    answer["Content-Disposition"] = f"{kind}; filename*=UTF-8''{quote(attachment.name, safe='')}"
    answer["Content-Security-Policy"] = _POLICY
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cross-Origin-Resource-Policy"] = "same-origin"
    answer["Cache-Control"] = f"private, max-age={_KEPT_S}"
    return answer
