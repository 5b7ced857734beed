"""What a proxy says of the real client counts only when the proxy is one of ours."""

import ipaddress
from collections.abc import Awaitable, Callable
from typing import Any

from django.conf import settings

Scope = dict[str, Any]
App = Callable[[Scope, Any, Any], Awaitable[None]]

_PROXY_HEADERS = (b"x-forwarded-", b"forwarded", b"x-real-ip", b"x-remote-user", b"cf-connecting-")


class TrustedProxies:
    """Takes client address and scheme from X-Forwarded-For and -Proto of trusted peers.

    The headers themselves never reach the application, whoever sent them.
    """

    def __init__(self, app: App) -> None:
        self.app = app
        self.networks = [ipaddress.ip_network(network) for network in settings.TRUSTED_PROXIES]

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] in {"http", "websocket"}:
            scope = self._cleaned(scope)
        await self.app(scope, receive, send)

    def _cleaned(self, scope: Scope) -> Scope:
        headers: list[tuple[bytes, bytes]] = scope["headers"]
        kept = [(name, value) for name, value in headers if not name.startswith(_PROXY_HEADERS)]
        cleaned = {**scope, "headers": kept}
        peer = scope["client"][0] if scope.get("client") else ""
        # A proxy on the same machine may come by a socket file, which has no address.
        if self.networks and (not peer or self._trusts(peer)):
            cleaned |= self._told_by_proxy(scope)
        return cleaned

    def _told_by_proxy(self, scope: Scope) -> Scope:
        told: Scope = {}
        if address := self._client(_values(scope, b"x-forwarded-for")):
            told["client"] = (address, 0)
        protocol = _values(scope, b"x-forwarded-proto")
        if protocol and protocol[-1] in {"http", "https"}:
            is_secure = protocol[-1] == "https"
            if scope["type"] == "websocket":
                told["scheme"] = "wss" if is_secure else "ws"
            else:
                told["scheme"] = "https" if is_secure else "http"
        return told

    def _client(self, hops: list[str]) -> str | None:
        """The last address that is not a proxy of ours: what stands before it can be forged."""
        for hop in reversed(hops):
            if not self._trusts(hop):
                return hop if _address(hop) else None
        return hops[0] if hops else None

    def _trusts(self, peer: str) -> bool:
        address = _address(peer)
        return address is not None and any(address in network for network in self.networks)


def _values(scope: Scope, name: bytes) -> list[str]:
    lines = [value.decode("latin-1") for key, value in scope["headers"] if key == name]
    return [part.strip() for line in lines for part in line.split(",") if part.strip()]


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
