"""Access tokens from a token service: asked for when needed, kept while they hold."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs

import pytest

from channels_ingest.adapter import Refused, Unavailable
from channels_ingest.email import oauth, receive
from channels_ingest.models import Connection, InboundEvent
from tests.channels_ingest.email.conftest import letter
from tests.factories import make_channel
from tests.servers import TokenDoor

pytestmark = pytest.mark.django_db


class TokenService:
    def __init__(self) -> None:
        self.asked: list[dict[str, list[str]]] = []
        self.answer: tuple[int, Any] = (200, {"access_token": "t1", "expires_in": 3600})
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                service.asked.append(parse_qs(body))
                status, given = service.answer
                self.send_response(status)
                self.end_headers()
                self.wfile.write(json.dumps(given).encode())

            def log_message(self, *args: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def service() -> Iterator[TokenService]:
    running = TokenService()
    yield running
    running.server.shutdown()
    running.server.server_close()


@pytest.fixture
def connection(service) -> Connection:
    url = f"http://127.0.0.1:{service.server.server_port}/token"
    return make_channel(
        settings={"oauth_token_url": url, "oauth_client_id": "klient"},
        secrets={"oauth_refresh_token": "odnowienie", "oauth_client_secret": "sekret"},
    ).connection


def test_token_is_asked_for_once(connection, service):
    assert oauth.is_used(connection)
    assert oauth.access_token(connection) == "t1"
    assert oauth.access_token(Connection.objects.get()) == "t1"

    (asked,) = service.asked
    assert asked["grant_type"] == ["refresh_token"]
    assert asked["refresh_token"] == ["odnowienie"]
    assert "t1" not in Connection.objects.get().sealed


def test_short_lived_token_is_asked_for_again(connection, service):
    service.answer = (200, {"access_token": "t1", "expires_in": 120})

    oauth.access_token(connection)
    oauth.access_token(connection)

    assert len(service.asked) == 2


def test_another_refresh_token_makes_another_access_token(connection, service):
    oauth.access_token(connection)
    connection.set_secrets({"oauth_refresh_token": "nowe"})
    connection.save()

    oauth.access_token(connection)

    assert service.asked[1]["refresh_token"] == ["nowe"]


def test_access_that_has_ended_needs_a_sign_in(connection, service):
    service.answer = (400, {"error": "invalid_grant"})

    with pytest.raises(Refused) as refusal:
        oauth.access_token(connection)

    assert refusal.value.needs_reauth


@pytest.mark.parametrize("answer", [(500, {"error": "busy"}), (200, {}), (200, []), (200, "x")])
def test_service_that_does_not_work(answer, connection, service):
    service.answer = answer

    with pytest.raises(Unavailable):
        oauth.access_token(connection)


class TestMailboxThatTakesTokens:
    """SASL XOAUTH2 against a server that knows nothing else."""

    @pytest.fixture
    def door(self, imap_server) -> Iterator[TokenDoor]:
        door = TokenDoor(imap_server, token="t1")
        yield door
        door.close()

    @pytest.fixture
    def mailbox(self, door, imap_server, connection: Connection) -> Connection:
        connection.settings |= imap_server.settings(imap_port=door.port)
        connection.save()
        return connection

    def test_mail_is_read_by_a_token(self, mailbox, imap_server):
        imap_server.append(letter())

        assert receive.poll(mailbox) == 1
        assert InboundEvent.objects.get().raw == letter()

    def test_token_that_is_refused_needs_a_sign_in(self, mailbox, door, service):
        service.answer = (200, {"access_token": "stolen", "expires_in": 3600})

        with pytest.raises(Refused) as refused:
            receive.poll(mailbox)

        assert refused.value.needs_reauth
        assert door.refusals == [b"\r\n"]  # the refusal is answered by an empty line

    def test_password_opens_nothing_there(self, mailbox, imap_server):
        mailbox.settings["oauth_token_url"] = ""
        mailbox.set_secrets(imap_server.secrets)
        mailbox.save()

        with pytest.raises(Refused):
            receive.poll(mailbox)
