"""Every answer conforms to the schema, whatever is asked: schemathesis over all operations.

Two answers depend on what was done before and not on the request alone: a stale version (412) and
an Idempotency-Key that was used with another body (422).
"""

import copy
import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig

from accounts import keys
from accounts.models import Team
from api import docs
from tests.factories import make_channel, make_order, make_ticket, make_user
from tickets import attaching
from tickets.models import Reason, Tag

pytestmark = pytest.mark.django_db

EXPECTED = ["2xx", "401", "403", "404", "409", "412", "422"]
REFUSED = ["400", "401", "403", "404", "405", "409", "413", "415", "422"]
CONFIG = {
    "checks": {
        "positive_data_acceptance": {"expected-statuses": EXPECTED},
        "negative_data_rejection": {"expected-statuses": REFUSED},
    }
}

# Of each operation and mode; `make fuzz` tries more, and other ones each time.
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "25"))

OPERATIONS = [
    (path, method) for path, methods in docs.description()["paths"].items() for method in methods
]


def described(**real: str | int) -> dict[str, Any]:
    """The schema, with paths and channels that are there."""
    schema = copy.deepcopy(docs.description())
    for methods in schema["paths"].values():
        for operation in methods.values():
            for parameter in operation.get("parameters", []):
                if parameter["in"] == "path":
                    parameter["schema"]["enum"] = [real[parameter["name"]]]
    for body in ("NewTicket", "NewMessage"):
        channel = schema["components"]["schemas"][body]["properties"]["channel"]
        channel["enum"] = [real["channel_id"]]
    return schema


@pytest.fixture
def api() -> Any:
    channel = make_channel("chat")
    ticket = make_ticket(channel)
    for model in (Tag, Reason, Team):
        model.objects.create(slug=channel.shop.slug, name="Nazwa")
    file = attaching.upload(b"abc", "a.txt")
    file.message = ticket.messages.get()
    file.save()
    schema = schemathesis.openapi.from_dict(
        described(
            number=ticket.number,
            customer_id=str(ticket.customer.public_id),
            attachment_id=str(file.public_id),
            channel_id=str(channel.public_id),
            slug=channel.shop.slug,
            external_id=make_order(channel.shop, customer={"phone": "+48600100200"}).external_id,
            shipment_id="S-1",
        ),
        config=SchemathesisConfig.from_dict(CONFIG),
    )
    schema.app = get_wsgi_application()
    return schema


@pytest.fixture(autouse=True)
def one_connection() -> Iterator[None]:
    """Requests stay in the test's transaction: none of them closes the connection."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def key(settings: Any) -> str:
    settings.API_REQUESTS_PER_MINUTE = 1_000_000
    _key, text = keys.create(make_user("admin"), name="test")
    return text


@pytest.mark.parametrize("mode", GenerationMode, ids=lambda mode: mode.value)
@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_answers_conform(path: str, method: str, mode: GenerationMode, api: Any, key: str) -> None:
    requests = api[path][method].as_strategy(generation_mode=mode)

    @settings(
        max_examples=EXAMPLES,
        derandomize="FUZZ_EXAMPLES" not in os.environ,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(requests)
    def answers_conform(case: Any) -> None:
        case.call_and_validate(headers={"Authorization": f"Bearer {key}"})

    answers_conform()
