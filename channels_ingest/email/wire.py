"""The line to a mail server: to a checked address, with TLS where it is asked for."""

import socket
import ssl
from enum import StrEnum
from functools import cache

from django.utils.translation import gettext as _

from channels_ingest.adapter import Refused, Unavailable
from helpdesk import http


class Security(StrEnum):
    """How a line is protected; the names are those of the channel's settings."""

    NONE = "none"
    STARTTLS = "starttls"
    TLS = "tls"


def connect(
    host: str,
    port: int,
    *,
    security: Security | str = Security.NONE,
    timeout_s: float = 30,
    trusted: bool = False,
) -> socket.socket:
    """A connected socket, already inside TLS for `tls`. Raises `Unavailable`, `Refused`.

    `trusted` is a host that whoever runs the helpdesk has set, whatever its address.
    """
    line = _line(host, port, timeout_s, trusted=trusted)
    if security != Security.TLS:
        return line
    try:
        return tls_context().wrap_socket(line, server_hostname=host)
    except OSError as error:
        line.close()
        raise tls_trouble(error, host, port) from error


def _line(host: str, port: int, timeout_s: float, *, trusted: bool) -> socket.socket:
    silent = Unavailable(
        _("%(host)s does not answer on port %(port)s. Check the server and the port.")
        % {"host": host, "port": port}
    )
    try:
        if trusted:
            return socket.create_connection((host, port), timeout=timeout_s)
        http.addresses(host, port, allow_private=True)
    except http.Forbidden as error:
        raise Refused(str(error)) from error
    except http.FetchError as error:
        raise Unavailable(
            _("The server %(host)s was not found. Check its name.") % {"host": host}
        ) from error
    except OSError as error:
        raise silent from error
    try:
        return http.connect(host, port, timeout_s=timeout_s, allow_private=True)
    except http.FetchError as error:
        raise silent from error


@cache
def tls_context() -> ssl.SSLContext:
    """Checks the server's certificate and its name."""
    return ssl.create_default_context()


def tls_trouble(error: OSError, host: str, port: int) -> Unavailable:
    """What an error while TLS was set up means, in words."""
    if isinstance(error, ssl.SSLCertVerificationError):
        text = _("The certificate of %(host)s is not valid: %(reason)s")
        return Unavailable(text % {"host": host, "reason": error.verify_message})
    if isinstance(error, ssl.SSLError):
        text = _("%(host)s does not speak TLS on port %(port)s. Choose STARTTLS or another port.")
        return Unavailable(text % {"host": host, "port": port})
    return lost(host)


def lost(host: str) -> Unavailable:
    return Unavailable(_("The connection to %(host)s was lost.") % {"host": host})
