"""A widget on https://sklep.example.pl and a visitor who talks to it over HTTP."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from tests.factories import make_channel
from tests.servers import smtp_sink  # noqa: F401  (a fixture)
from tickets.models import Channel

ORIGIN = "https://sklep.example.pl"
SECRET = "test-identity-secret"
FIXTURES = Path(__file__).parent / "fixtures"


def fixture(number: str) -> Any:
    [path] = FIXTURES.glob(f"{number}_*.json")
    return json.loads(path.read_text(encoding="utf-8"))


class Visitor:
    """Somebody on a page of the shop."""

    def __init__(self, channel: Channel, *, origin: str = ORIGIN, address: str = "203.0.113.7"):
        self.channel = channel
        self.client = Client(REMOTE_ADDR=address)
        self.origin = origin
        self.token = ""
        self.visitor_id = ""

    def call(self, method: str, path: str, data: Any = None, **headers: str) -> Any:
        if self.origin:
            headers.setdefault("Origin", self.origin)
        if self.token:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        return self.client.generic(
            method,
            f"/widget-api/{self.channel.public_id}/{path}",
            b"" if data is None else json.dumps(data),
            content_type="application/json",
            headers=headers,
        )

    def post(self, path: str, data: Any, **headers: str) -> Any:
        return self.call("POST", path, data, **headers)

    def get(self, path: str) -> Any:
        return self.call("GET", path)

    def start(self, **fields: Any) -> Any:
        body = {**fixture("01"), "resume_token": self.token or None, **fields}
        response = self.post("session/", body)
        if response.status_code == 200:
            self.token = response.json()["resume_token"]
            self.visitor_id = response.json()["visitor_id"]
        return response

    def say(self, text: str, client_msg_id: str, **fields: Any) -> Any:
        frame = {"type": "message.send", "client_msg_id": client_msg_id, "text": text, **fields}
        return self.post("events/", frame)

    def upload(self, name: str, content_type: str, content: bytes) -> Any:
        from django.core.files.uploadedfile import SimpleUploadedFile

        return self.client.post(
            f"/widget-api/{self.channel.public_id}/files/",
            {"file": SimpleUploadedFile(name, content, content_type)},
            headers={"Origin": self.origin, "Authorization": f"Bearer {self.token}"},
        )


@pytest.fixture
def channel(db: None) -> Channel:
    return make_channel("chat", settings={"origins": [ORIGIN]}, secrets={"identity_secret": SECRET})


@pytest.fixture
def new_visitor(channel: Channel) -> Callable[..., Visitor]:
    """Somebody whose chat has started."""

    def make(**fields: Any) -> Visitor:
        visitor = Visitor(channel, **fields)
        assert visitor.start().status_code == 200
        return visitor

    return make


@pytest.fixture
def visitor(new_visitor: Callable[..., Visitor]) -> Visitor:
    return new_visitor()
