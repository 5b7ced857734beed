"""Which pages may carry a widget: exact origins, and `https://*.example.com` for subdomains.

An Origin can be forged outside browsers: this limits abuse, it authenticates nobody.
"""

from collections.abc import Iterable
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

_PORTS = {"http": 80, "https": 443}


def normalised(origin: str) -> str:
    """The origin in the form in which browsers send it. Raises `ValidationError`."""
    parts = urlsplit(origin.strip().lower())
    try:
        port = parts.port
    except ValueError:
        port = -1
    host = parts.hostname or ""
    plain = host.removeprefix("*.")
    fits = (
        parts.scheme in _PORTS
        and plain
        and "*" not in plain
        and port != -1
        and parts.path in ("", "/")
        and not (parts.query or parts.fragment or parts.username)
        and not set(host) & set(" ;,'\"")
    )
    if not fits:
        raise ValidationError(
            _(
                "%(origin)s is not an address like https://shop.example.com or https://*.example.com."
            ),
            params={"origin": origin},
        )
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + (
        f":{port}" if port and port != _PORTS[parts.scheme] else ""
    )


def is_allowed(origin: str, allowed: Iterable[str], *, own: Iterable[str] = ()) -> bool:
    """Whether a page of this origin may use the widget; our own pages always may."""
    origin = origin.lower()
    if origin == settings.BASE_URL or origin in own:
        return True
    return any(_matches(origin, entry) for entry in allowed)


def _matches(origin: str, entry: str) -> bool:
    scheme, _sep, host = entry.partition("://")
    if not host.startswith("*."):
        return origin == entry
    # The star stands for one name or more, never for none: `*.x.pl` is not `x.pl`.
    start, end = f"{scheme}://", host[1:]
    middle = origin[len(start) : -len(end)]
    return (
        origin.startswith(start)
        and origin.endswith(end)
        and bool(middle)
        and not set(middle) & set("/:@?#")
    )
