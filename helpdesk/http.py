"""The one way out to addresses that somebody else chose.

Names are resolved once and the connection goes to the address that was checked, so a name that
changes its mind in between (DNS rebinding) gains nothing. Redirects pass the same check. Only
public addresses are allowed; private ones where the caller says that an admin set the host
(`allow_private`) and the installation permits it (HELPDESK_ALLOW_PRIVATE_HOSTS).
"""

import ipaddress
import json
import socket
import ssl
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpcore
import httpx
from django.conf import settings
from django.utils.translation import gettext_lazy as _

WEB_PORTS = {80, 443, 8080, 8443}
USER_AGENT = "Okienko"

_MIB = 1024 * 1024
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
# Not marked as private by the standard library, and no place of the public internet.
_REFUSED = [
    ipaddress.ip_network("::/96"),  # IPv4-compatible addresses
    ipaddress.ip_network("64:ff9b:1::/48"),  # NAT64 of a local network
    ipaddress.ip_network("fec0::/10"),  # site-local
]


class FetchError(Exception):
    """The answer was not got. `was_sent`: the other side may have seen the request."""

    was_sent = False


class Forbidden(FetchError):
    """The address may not be asked; the text is the same for whatever is there or not."""

    def __init__(self) -> None:
        super().__init__(_("This address is not allowed: give a public web address."))


class Unreachable(FetchError):
    def __init__(self, *, was_sent: bool = False) -> None:
        super().__init__(_("The server could not be reached. Check its address, or try later."))
        self.was_sent = was_sent


class TimedOut(FetchError):
    def __init__(self, *, was_sent: bool = False) -> None:
        super().__init__(_("The server did not answer in time. Try again later."))
        self.was_sent = was_sent


class TooLarge(FetchError):
    was_sent = True

    def __init__(self) -> None:
        super().__init__(_("The answer of the server is too large."))


@dataclass(frozen=True)
class Answer:
    status: int
    headers: httpx.Headers
    content: bytes

    @property
    def is_success(self) -> bool:
        return httpx.codes.is_success(self.status)

    def json(self) -> Any:
        """Raises ValueError when the content is no JSON."""
        return json.loads(self.content)


def fetch(
    url: str,
    *,
    method: str = "GET",
    params: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    content: bytes | None = None,
    json: object = None,
    data: Mapping[str, Any] | None = None,
    files: Any = None,
    allow_private: bool = False,
    timeout_s: float = 10,
    max_bytes: int = 5 * _MIB,
    max_redirects: int = 3,
) -> Answer:
    """Ask an address; any status is an answer. Raises FetchError.

    `timeout_s` is for the whole exchange, however slowly the other side drips. Redirects are
    followed for GET alone, and never to a private address. Keep the content of the answer out
    of messages to people: it may be something they must not see.
    """
    guard = _Guard(url, allow_private=allow_private, timeout_s=timeout_s)
    with httpx.Client(
        transport=guard, trust_env=False, timeout=timeout_s, max_redirects=max_redirects
    ) as client:
        try:
            request = client.build_request(
                method,
                url,
                params=params,
                headers={
                    "User-Agent": USER_AGENT,
                    "Accept-Encoding": "identity",
                    **(headers or {}),
                },
                content=content,
                json=json,
                data=data,
                files=files,
            )
            response = client.send(request, stream=True, follow_redirects=method == "GET")
            body = _read(response, max_bytes)
        except (httpcore.ConnectTimeout, httpcore.PoolTimeout) as e:
            raise TimedOut from e
        except httpcore.ConnectError as e:
            raise Unreachable from e
        except httpcore.TimeoutException as e:
            raise TimedOut(was_sent=True) from e
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as e:
            raise Forbidden from e
        except (httpcore.NetworkError, httpcore.ProtocolError, httpx.HTTPError) as e:
            raise Unreachable(was_sent=True) from e
    return Answer(response.status_code, response.headers, body)


def connect(
    host: str, port: int, *, timeout_s: float = 10, allow_private: bool = False
) -> socket.socket:
    """A TCP connection to a checked address, for mail servers and alike. Raises FetchError."""
    for address in addresses(host, port, allow_private=allow_private):
        try:
            return socket.create_connection((address, port), timeout=timeout_s)
        except OSError:
            continue
    raise Unreachable


def addresses(host: str, port: int, *, allow_private: bool = False) -> list[str]:
    """The IP addresses of a host, all of them checked. Raises Forbidden or Unreachable."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as e:
        raise Unreachable from e
    resolved = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not (allow_private and settings.ALLOW_PRIVATE_HOSTS):
        for address in resolved:
            if not is_public(address) or _is_own(address, port):
                raise Forbidden
    return resolved


def is_public(address: str) -> bool:
    """Whether an IP address is a place of the public internet."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        if ip in _NAT64:
            return is_public(str(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)))
        inside = ip.ipv4_mapped or ip.sixtofour
        if inside:
            return is_public(str(inside))
        if any(ip in network for network in _REFUSED):
            return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def _is_own(address: str, port: int) -> bool:
    """Whether the system would connect from this very address, so that it is this machine's.

    Connecting a datagram socket asks the routing table only; nothing is sent.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((address, port))
        except OSError:
            return False
        return bool(probe.getsockname()[0] == address)


def _read(response: httpx.Response, max_bytes: int) -> bytes:
    body = bytearray()
    for chunk in response.iter_bytes(64 * 1024):
        body += chunk
        if len(body) > max_bytes:
            raise TooLarge
    return bytes(body)


@cache
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context()


class _Guard(httpx.BaseTransport):
    """Checks each request, the ones that follow redirects too, before anything is connected."""

    def __init__(self, url: str, *, allow_private: bool, timeout_s: float) -> None:
        self.private_place = _place(url) if allow_private else None
        self.backend = _CheckedBackend(time.monotonic() + timeout_s)
        self.pool = httpcore.ConnectionPool(ssl_context=_tls(), network_backend=self.backend)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        is_private = settings.ALLOW_PRIVATE_HOSTS and _place(str(url)) == self.private_place
        if url.scheme not in {"http", "https"} or not url.host or url.userinfo:
            raise Forbidden
        if not is_private and (url.port or 443) not in WEB_PORTS:
            raise Forbidden
        self.backend.allow_private = is_private
        assert isinstance(request.stream, httpx.SyncByteStream)
        answer = self.pool.handle_request(
            httpcore.Request(
                method=request.method,
                url=str(url),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        assert isinstance(answer.stream, Iterable)
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer.stream))

    def close(self) -> None:
        self.pool.close()


def _place(url: str) -> tuple[str, int | None]:
    parsed = httpx.URL(url)
    return parsed.host, parsed.port


class _Body(httpx.SyncByteStream):
    def __init__(self, chunks: Iterable[bytes]) -> None:
        self.chunks = chunks

    def __iter__(self) -> Iterator[bytes]:
        yield from self.chunks


class _CheckedBackend(httpcore.SyncBackend):
    """Connects to addresses that were checked, until the deadline."""

    allow_private = False

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        failure: httpcore.NetworkError | httpcore.TimeoutException = httpcore.ConnectError()
        for address in addresses(host, port, allow_private=self.allow_private):
            try:
                stream = super().connect_tcp(
                    address, port, _left(self.deadline), local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as e:
                failure = e
            else:
                return _TimedStream(stream, self.deadline)
        raise failure


class _TimedStream(httpcore.NetworkStream):
    """Gives each step only the time that is left for the whole exchange."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self.stream = stream
        self.deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self.stream.read(max_bytes, _left(self.deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.stream.write(buffer, _left(self.deadline))

    def close(self) -> None:
        self.stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        stream = self.stream.start_tls(ssl_context, server_hostname, _left(self.deadline))
        return _TimedStream(stream, self.deadline)

    def get_extra_info(self, info: str) -> Any:
        return self.stream.get_extra_info(info)


def _left(deadline: float) -> float:
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise httpcore.ReadTimeout
    return seconds
