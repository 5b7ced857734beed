"""Tokens, origins and signatures: who may open a conversation, and from where."""

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from channels_ingest.chat import identities, limits, origins
from channels_ingest.chat.models import ChatSession
from channels_ingest.chat.problems import Problem
from channels_ingest.models import Connection
from crm.models import Customer, Identity
from tests.channels_ingest.chat.conftest import ORIGIN, SECRET, Visitor
from tests.factories import make_channel
from tickets.models import Channel, Ticket


def signed(external_id: str, email: str, **user: Any) -> dict[str, Any]:
    exp = int((timezone.now() + timedelta(hours=1)).timestamp())
    return {
        "user": {"id": external_id, "email": email, **user},
        "exp": exp,
        "signature": identities.signature(SECRET, external_id, email, exp),
    }


def test_token_slides_and_ends(visitor: Visitor) -> None:
    day = timedelta(days=1)
    with time_machine.travel(timezone.now() + 29 * day):
        assert visitor.start().status_code == 200
    with time_machine.travel(timezone.now() + 58 * day):
        assert visitor.start().status_code == 200
    with time_machine.travel(timezone.now() + 90 * day):
        response = visitor.start()
    assert (response.status_code, response.json()["code"]) == (401, "session_expired")


def test_token_is_of_one_widget(visitor: Visitor) -> None:
    other = Visitor(make_channel("chat", settings={"origins": [ORIGIN]}))
    other.token = visitor.token

    assert other.start().json()["code"] == "session_expired"
    assert other.get("history/").json()["code"] == "session_expired"


@pytest.mark.parametrize("token", ["", "rt_", "rt_a.b", "x", "rt_é.ż", "rt_" + "A" * 27 + ".AAAA"])
def test_made_up_token_opens_nothing(visitor: Visitor, token: str) -> None:
    visitor.token = token

    assert visitor.get("history/").status_code == 401


def test_ended_session_is_over(visitor: Visitor) -> None:
    visitor.say("Halo", "c-1")
    visitor.post("events/", {"type": "session.end"})

    assert visitor.get("history/").status_code == 401
    assert visitor.start().status_code == 401


def test_signature_moves_the_anonymous_conversation_along(visitor: Visitor) -> None:
    """Somebody asks, then signs in to the shop: the open ticket is theirs now."""
    known = Identity.objects.create(
        customer=Customer.objects.create(name="Anna"), kind="email", value="anna@example.com"
    )
    visitor.say("Gdzie jest paczka?", "c-1")
    assert Ticket.objects.get().customer != known.customer

    conversation = visitor.start(identity=signed("cust-1", "anna@example.com")).json()[
        "conversation"
    ]
    visitor.say("To ja, Anna", "c-2")

    ticket = Ticket.objects.get()
    assert ticket.customer == known.customer
    assert len(conversation["events"]) == 1
    assert ticket.messages.count() == 2


def test_another_customer_on_the_same_device_sees_nothing(visitor: Visitor) -> None:
    visitor.start(identity=signed("cust-1", "anna@example.com"))
    visitor.say("Tajne", "c-1")

    body = visitor.start(identity=signed("cust-2", "jan@example.com")).json()

    assert body["conversation"] is None
    assert ChatSession.objects.count() == 2


def test_token_of_the_shops_server_is_an_identity(channel: Channel) -> None:
    Visitor(channel).start(identity={"jwt": token("cust-1", email="anna@example.com", name="Anna")})

    session = ChatSession.objects.get()
    assert (session.external_id, session.email, session.email_verified) == (
        "cust-1",
        "anna@example.com",
        True,
    )


@pytest.mark.parametrize(
    "jwt",
    [
        pytest.param(lambda: token("cust-1", secret="other"), id="another secret"),
        pytest.param(lambda: token("cust-1", alg="none"), id="no algorithm"),
        pytest.param(lambda: token("cust-1", alg="HS512"), id="another algorithm"),
        pytest.param(lambda: token("cust-1", hours=-1), id="expired"),
        pytest.param(lambda: token("cust-1", hours=48), id="for too long"),
        pytest.param(lambda: token("cust-1", iat=4_102_444_800), id="of the future"),
        pytest.param(lambda: token("cust-1").rpartition(".")[0] + ".", id="without signature"),
        pytest.param(lambda: token(""), id="without a name"),
        pytest.param(lambda: "a.b", id="two parts"),
        pytest.param(lambda: "ż.b.c", id="not ASCII"),
        pytest.param(lambda: ["a"], id="no text"),
    ],
)
def test_other_tokens_are_nobody(channel: Channel, jwt: Any) -> None:
    assert Visitor(channel).start(identity={"jwt": jwt()}).status_code == 200

    assert ChatSession.objects.get().external_id == ""


def token(
    sub: str, *, secret: str = SECRET, alg: str = "HS256", hours: int = 1, **claims: Any
) -> str:
    exp = int((timezone.now() + timedelta(hours=hours)).timestamp())
    parts = ({"alg": alg, "typ": "JWT"}, {"sub": sub, "exp": exp, **claims})
    encoded = (urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts)
    text = b".".join(encoded)
    mac = hmac.new(secret.encode(), text, "sha256").digest()
    return f"{text.decode()}.{urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def test_separator_in_an_id_proves_nothing(channel: Channel) -> None:
    """`a|b` + `c` and `a` + `b|c` would have one signature."""
    visitor = Visitor(channel)

    visitor.start(identity=signed("a|b@example.com", "c"))

    assert ChatSession.objects.get().external_id == ""


def test_without_a_secret_nobody_is_verified(channel: Channel) -> None:
    connection = Connection.objects.get(channel=channel)
    connection.set_secrets({"identity_secret": ""})
    connection.save()
    exp = int((timezone.now() + timedelta(hours=1)).timestamp())
    identity = {
        "user": {"id": "1", "email": "anna@example.com"},
        "exp": exp,
        "signature": identities.signature("", "1", "anna@example.com", exp),
    }

    Visitor(channel).start(identity=identity)

    assert ChatSession.objects.get().external_id == ""


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "null",
        "https://zly.example.com",
        "https://sklep.example.pl.evil.example.com",
        "https://evilsklep.example.pl",
        "http://sklep.example.pl",
        "https://sklep.example.pl:8443",
    ],
)
def test_other_origins_are_refused(channel: Channel, origin: str) -> None:
    response = Visitor(channel, origin=origin).start()

    assert (response.status_code, response.json()["code"]) == (403, "origin_not_allowed")


@pytest.mark.parametrize(
    ("origin", "fits"),
    [
        ("https://pl.sklep.example.pl", True),
        ("https://a.b.sklep.example.pl", True),
        ("https://sklep.example.pl", False),
        ("https://evilsklep.example.pl", False),
        ("https://sklep.example.pl.evil.example.com", False),
        ("https://evil.example.com/.sklep.example.pl", False),
        ("https://evil.example.com#.sklep.example.pl", False),
        ("http://pl.sklep.example.pl", False),
    ],
)
def test_star_stands_for_subdomains(origin: str, fits: bool) -> None:
    assert origins.is_allowed(origin, ["https://*.sklep.example.pl"]) is fits


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("HTTPS://Sklep.example.pl/", "https://sklep.example.pl"),
        ("https://sklep.example.pl:443", "https://sklep.example.pl"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("https://*.example.pl", "https://*.example.pl"),
    ],
)
def test_origins_are_kept_as_browsers_send_them(typed: str, kept: str) -> None:
    assert origins.normalised(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "sklep.example.pl",
        "ftp://a.pl",
        "https://*",
        "https://a.*.pl",
        "https://a.pl/b",
        "https://a.pl; x",
    ],
)
def test_what_is_no_origin_is_refused(typed: str) -> None:
    with pytest.raises(ValidationError):
        origins.normalised(typed)


def test_frame_is_for_the_shops_pages_only(channel: Channel) -> None:
    def frame(origin: str) -> Any:
        return Client().get(f"/widget-api/{channel.public_id}/frame/", {"origin": origin})

    assert frame("https://zly.example.com").status_code == 403
    response = frame(ORIGIN)
    policy = response.headers["Content-Security-Policy"]
    assert f"frame-ancestors 'self' http://localhost:8000 {ORIGIN};" in policy
    assert "unsafe" not in policy
    assert "X-Frame-Options" not in response.headers
    assert not response.cookies


def test_frame_escapes_what_the_shop_wrote(channel: Channel) -> None:
    connection = Connection.objects.get(channel=channel)
    connection.settings = {**connection.settings, "title": "<script>alert(1)</script>"}
    connection.save()

    page = Client().get(f"/widget-api/{channel.public_id}/frame/").content.decode()
    loader = Client().get(f"/widget/{channel.public_id}.js").content.decode()

    assert "<script>alert" not in page + loader


@pytest.mark.parametrize("change", [{"active": False}, {"is_demo": True}])
def test_switched_off_widget_says_so(channel: Channel, change: dict[str, bool]) -> None:
    Channel.objects.update(**change)

    response = Visitor(channel).start()

    assert (response.status_code, response.json()["code"]) == (410, "channel_disabled")
    assert Client().get(f"/widget/{channel.public_id}.js").status_code == 410


def test_session_starts_are_limited_by_network(channel: Channel) -> None:
    codes = [
        Visitor(channel, address=f"198.51.100.{number}").start().status_code for number in range(11)
    ]

    assert codes == [200] * 10 + [429]
    assert Visitor(channel, address="203.0.113.1").start().status_code == 200


def test_limits_hold_without_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    """Redis down: chat goes on, and a flood is still slowed down by each process."""
    monkeypatch.setattr(settings, "REDIS_URL", "redis://127.0.0.1:1/0")
    limits._client.cache_clear()
    limits._local.clear()
    for _time in range(limits.MESSAGES.burst):
        limits.take(limits.MESSAGES, "v_1")

    with pytest.raises(Problem) as refused:
        limits.take(limits.MESSAGES, "v_1")
    assert refused.value.retry_after == 3
    limits.take(limits.MESSAGES, "v_2")
    limits._client.cache_clear()


def test_cross_site_page_gets_no_credentials(new_visitor: Callable[..., Visitor]) -> None:
    """CORS: the start alone may be called by the shop's page, and never with cookies."""
    visitor = new_visitor()
    preflight = visitor.call("OPTIONS", "session/")
    assert preflight.status_code == 204
    assert preflight.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "Origin" in preflight.headers["Vary"]
    assert "Access-Control-Allow-Credentials" not in preflight.headers
    assert "Access-Control-Allow-Origin" not in visitor.get("history/").headers
