from typing import Any

import pytest
from pytest_django.fixtures import Settings

from helpdesk.proxies import TrustedProxies

PROXY = ("10.0.0.1", 4711)
STRANGER = ("203.0.113.9", 4711)
Headers = list[tuple[bytes, bytes]]


@pytest.fixture(autouse=True)
def proxies(settings: Settings) -> None:
    settings.TRUSTED_PROXIES = ["10.0.0.0/24"]


async def seen(client: tuple[str, int] | None, headers: Headers, kind: str = "http") -> Any:
    """What the application sees of a request."""
    scopes: list[Any] = []

    async def app(scope: Any, _receive: Any, _send: Any) -> None:
        scopes.append(scope)

    scheme = "http" if kind == "http" else "ws"
    scope = {"type": kind, "scheme": scheme, "client": client, "headers": headers}
    await TrustedProxies(app)(scope, None, None)
    return scopes[0]


async def test_trusted_proxy_names_client_and_scheme() -> None:
    scope = await seen(
        PROXY, [(b"x-forwarded-for", b"203.0.113.9"), (b"x-forwarded-proto", b"https")]
    )

    assert scope["client"][0] == "203.0.113.9"
    assert scope["scheme"] == "https"


async def test_websocket_behind_tls_is_secure() -> None:
    scope = await seen(PROXY, [(b"x-forwarded-proto", b"https")], kind="websocket")

    assert scope["scheme"] == "wss"


async def test_what_the_client_claims_before_the_proxy_does_not_count() -> None:
    scope = await seen(PROXY, [(b"x-forwarded-for", b"127.0.0.1, 203.0.113.9, 10.0.0.2")])

    assert scope["client"][0] == "203.0.113.9"


async def test_stranger_is_not_believed() -> None:
    scope = await seen(
        STRANGER, [(b"x-forwarded-for", b"127.0.0.1"), (b"x-forwarded-proto", b"https")]
    )

    assert scope["client"] == STRANGER
    assert scope["scheme"] == "http"


async def test_nonsense_of_a_proxy_changes_nothing() -> None:
    scope = await seen(
        PROXY, [(b"x-forwarded-for", b"<script>"), (b"x-forwarded-proto", b"gopher")]
    )

    assert scope["client"] == PROXY
    assert scope["scheme"] == "http"


@pytest.mark.parametrize("client", [PROXY, STRANGER])
async def test_application_never_sees_proxy_headers(client: tuple[str, int]) -> None:
    headers = [
        (b"host", b"helpdesk.example"),
        (b"x-forwarded-for", b"1.1.1.1"),
        (b"x-forwarded-host", b"evil.example"),
        (b"x-remote-user", b"admin"),
        (b"x-real-ip", b"1.1.1.1"),
        (b"forwarded", b"for=1.1.1.1"),
        (b"cf-connecting-ip", b"1.1.1.1"),
    ]

    assert (await seen(client, headers))["headers"] == [(b"host", b"helpdesk.example")]
