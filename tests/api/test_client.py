"""The description is good enough for a generator: the client it makes does a shop's daily work."""

import importlib
import json
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import httpx
import pytest
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from openapi_python_client import Config, generate
from openapi_python_client.config import ConfigFile, MetaType

from accounts import keys
from api import docs
from tests.factories import make_channel, make_shop, make_user, order_document

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def client_package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """The generated package, importable while the tests run."""
    folder = tmp_path_factory.mktemp("client")
    description = folder / "openapi.json"
    description.write_text(json.dumps(docs.description(), default=str))
    config = Config.from_sources(
        ConfigFile(project_name_override="shop-client", post_hooks=[]),
        MetaType.NONE,
        description,
        "utf-8",
        True,
        output_path=folder / "shop_client",
    )
    problems = generate(config=config)
    assert [problem.detail for problem in problems if problem.level.name == "ERROR"] == []
    sys.path.insert(0, str(folder))
    yield importlib.import_module("shop_client")
    sys.path.remove(str(folder))


@pytest.fixture
def client(client_package: ModuleType) -> Iterator[Any]:
    """A client with a key, that speaks to the application in this process."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    _key, text = keys.create(make_user("admin"), name="shop")
    made = client_package.AuthenticatedClient("http://localhost:8000", token=text)
    transport = httpx.WSGITransport(get_wsgi_application())
    headers = {"Authorization": f"Bearer {text}"}
    made.set_httpx_client(
        httpx.Client(base_url="http://localhost:8000", transport=transport, headers=headers)
    )
    yield made
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def call(name: str) -> Any:
    return importlib.import_module(f"shop_client.api.{name}")


def test_a_shop_sends_an_order_and_reads_it(client: Any) -> None:
    models = importlib.import_module("shop_client.models")
    make_shop("las")
    document = order_document(external_id="10421", number="10421")
    body = models.NeutralOrder.from_dict(document)

    sent = call("shops.put_shops_orders").sync_detailed("las", "10421", client=client, body=body)
    read = call("shops.get_shops_orders").sync("las", "10421", client=client)
    listed = call("orders.list_orders").sync(client=client)

    assert (sent.status_code, sent.parsed.result) == (201, "created")
    assert (read.number, read.totals.total) == ("10421", "49.00")
    assert [order.external_id for order in listed.results] == ["10421"]


def test_a_program_hands_in_a_message_and_reads_the_ticket(client: Any) -> None:
    models = importlib.import_module("shop_client.models")
    channel = make_channel("custom")
    body = models.CustomMessage.from_dict(
        {"id": "m-1", "sender": {"id": "u-7", "name": "Anna"}, "body_text": "Halo"}
    )

    taken = call("channels.create_channels_messages").sync(
        channel.public_id, client=client, body=body
    )
    ticket = call("tickets.get_tickets").sync(taken.ticket, client=client)

    assert ticket.customer.name == "Anna"


def test_a_problem_is_read(client: Any) -> None:
    missing = call("tickets.get_tickets").sync(1, client=client)

    assert (missing.status, missing.type_) == (404, "urn:okienko:problem:not_found")
