"""Until when the installation's own certificates hold: the site's, and that of the mail door."""

import socket
import ssl
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from django.conf import settings

_ANSWER_S = 3
# The site is asked this often at most, however often health is looked at.
_KEPT_S = 600
_seen: dict[str, tuple[float, datetime | None]] = {}


def ends() -> Iterator[tuple[str, datetime]]:
    """Name and end of each certificate that can be read from here."""
    base = urlsplit(settings.BASE_URL)
    if base.scheme == "https" and base.hostname and (end := _of_site(base.hostname, base.port)):
        yield base.hostname, end
    if settings.SMTP_TLS_CERT:
        certificate = x509.load_pem_x509_certificate(Path(settings.SMTP_TLS_CERT).read_bytes())
        yield Path(settings.SMTP_TLS_CERT).name, certificate.not_valid_after_utc


def _of_site(host: str, port: int | None) -> datetime | None:
    """None where the site cannot be reached from here, which says nothing of its certificate."""
    place = f"{host}:{port or 443}"
    asked_at, end = _seen.get(place, (0.0, None))
    if not asked_at or time.monotonic() - asked_at > _KEPT_S:
        end = _asked(host, port or 443)
        _seen[place] = (time.monotonic(), end)
    return end


def _asked(host: str, port: int) -> datetime | None:
    context = ssl.create_default_context()
    # One that has ended, or that nobody knows, is to be read as well.
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with (
            socket.create_connection((host, port), timeout=_ANSWER_S) as line,
            context.wrap_socket(line, server_hostname=host) as opened,
        ):
            raw = opened.getpeercert(binary_form=True)
    except OSError:
        return None
    return x509.load_der_x509_certificate(raw).not_valid_after_utc if raw else None
