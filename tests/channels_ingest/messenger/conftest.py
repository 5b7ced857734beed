import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from accounts.models import User
from channels_ingest.models import InboundEvent
from demo.standins import meta, meta_events
from history.recording import Actor
from tests.factories import make_channel, make_user
from tickets import replying
from tickets.models import Attachment, Channel, Message, Ticket

FIXTURES = Path(__file__).parent / "fixtures"
SIGNATURES = json.loads((FIXTURES / "SIGNATURES.json").read_text())

PAGE_ID = "100000000000001"
PERSON = "200000000000000001"
APP_ID = "300000000000001"
SECRETS = {
    "app_secret": "test-app-secret-not-real",
    "verify_token": "test-verify-token",
    "page_token": "test-page-token",
}


def fixture_body(name: str) -> bytes:
    return (FIXTURES / name).read_bytes()


def signature_of(name: str) -> str:
    return str(SIGNATURES[name]["X-Hub-Signature-256"])


@pytest.fixture
def meta_page() -> meta.Page:
    return meta.Page(
        page_id=PAGE_ID,
        token=SECRETS["page_token"],
        app_secret=SECRETS["app_secret"],
        app_id=APP_ID,
        name="Sklep Las",
    )


@pytest.fixture
def graph(meta_page: meta.Page) -> meta.Graph:
    return meta.Graph(lambda: [meta_page])


@pytest.fixture
def api_base(graph: meta.Graph) -> Iterator[str]:
    """Where the stand-in for Meta answers."""
    with meta.serve(graph) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def channel(db: None, api_base: str) -> Channel:
    settings = {"page_id": PAGE_ID, "app_id": APP_ID, "api_base": api_base}
    return make_channel("messenger", settings=settings, secrets=SECRETS)


Post = Callable[..., int]


@pytest.fixture
def post(client: Any, channel: Channel, django_capture_on_commit_callbacks: Any) -> Post:
    """Calls the channel's hook with a signed body, and runs what waits for the commit."""

    def call(body: bytes, *, signature: str | None = None, to: Channel = channel) -> int:
        if signature is None:
            signature = meta_events.signature(body, SECRETS["app_secret"])
        with django_capture_on_commit_callbacks(execute=True):
            response = client.post(
                f"/hooks/messenger/{to.public_id}/",
                data=body,
                content_type="application/json",
                headers={"X-Hub-Signature-256": signature},
            )
        return int(response.status_code)

    return call


@pytest.fixture
def write(post: Post) -> Callable[..., Message]:
    """A person writes to the Page; returns the stored message."""

    def call(words: str = "Dzień dobry", *, person: str = PERSON, **more: Any) -> Message:
        event = meta_events.text(PAGE_ID, person, words, **more)
        assert post(meta_events.batch(event)) == 200
        return Message.objects.get(external_id=event["message"]["mid"])

    return call


@pytest.fixture
def agent(db: None) -> User:
    return make_user()


@pytest.fixture
def answer(agent: User, django_capture_on_commit_callbacks: Any) -> Callable[..., Message]:
    """The agent answers a ticket; what is in the outbox is delivered."""

    def call(
        ticket: Ticket, words: str = "Już sprawdzam.", files: list[Attachment] | None = None
    ) -> Message:
        draft = replying.Draft(words, attachments=files or [])
        with django_capture_on_commit_callbacks(execute=True):
            return replying.reply(ticket, draft, by=Actor("agent", agent.pk), user=agent)

    return call


def states() -> list[str]:
    """The journal's states with their reasons, oldest first."""
    rows = InboundEvent.objects.order_by("pk").values_list("state", "reason")
    return [f"{state}: {reason}" if reason else state for state, reason in rows]
