"""What holds for every address: problems, sizes, limits, and writing twice."""

import threading
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
import time_machine
from django.db import connections
from django.test import Client
from django.utils import timezone

from accounts.models import User
from api import idempotency
from api.models import RepeatableRequest
from tests.api.conftest import Caller, MakeCaller
from tests.factories import make_channel, make_ticket, make_user
from tickets.api.views import OneTicket
from tickets.models import Message, Ticket

pytestmark = pytest.mark.django_db

NOTE = {"direction": "note", "body_text": "Sprawdzić w magazynie"}


@pytest.fixture
def agent() -> User:
    return make_user()


@pytest.fixture
def api(agent: User, as_key: MakeCaller) -> Caller:
    return as_key(agent)


@pytest.fixture
def path() -> str:
    return f"tickets/{make_ticket().number}/messages/"


class TestProblems:
    @pytest.mark.parametrize("path", ["tickets/", "customers/", "tags/", "orders/", "users/"])
    def test_unknown_filter_is_refused_by_name(self, api: Caller, path: str) -> None:
        answer = api.get(path, colour="blue")

        assert answer.status_code == 400
        assert [item["pointer"] for item in answer.json()["errors"]] == ["?colour"]

    @pytest.mark.parametrize(
        "path", ["/api/", "/api/v1/", "/api/v2/tickets/", "nothing/", "tickets/x/", "tickets/1/x/"]
    )
    @pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
    def test_unknown_address(self, api: Caller, path: str, method: str) -> None:
        assert api.send(method, path).status_code == 404

    def test_ticket_with_a_number_beyond_the_column(self, api: Caller) -> None:
        assert api.get(f"tickets/{10**30}/").status_code == 404

    @pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "TRACE"])
    def test_method_that_the_address_does_not_have(self, api: Caller, method: str) -> None:
        response = api.send(method, "tickets/")

        assert response.status_code == 405
        assert set(response["Allow"].split(", ")) == {"GET", "POST", "HEAD"}

    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_missing_slash_is_no_mistake(self, api: Caller, path: str, method: str) -> None:
        response = api.send(method, path.rstrip("/"), NOTE)

        assert response.status_code in (200, 201)

    def test_other_content_type(self, api: Caller, path: str) -> None:
        response = api.client.post(f"/api/v1/{path}", "a=b", content_type="text/plain")

        assert response.status_code == 415
        assert response["Content-Type"] == "application/problem+json"

    def test_bug_shows_no_trace(
        self, api: Caller, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        def fail(*_args: object) -> None:
            raise RuntimeError("with a secret")

        monkeypatch.setattr(OneTicket, "shown", fail)
        number = make_ticket().number

        response = api.get(f"tickets/{number}/")

        assert response.status_code == 500
        assert "secret" not in response.content.decode()
        assert "an endpoint failed" in caplog.text

    def test_accept_changes_nothing(self, api: Caller) -> None:
        response = api.client.get("/api/v1/tickets/", headers={"Accept": "text/html"})

        assert response["Content-Type"] == "application/json"


class TestSizes:
    def test_body_over_1_mib(self, api: Caller, path: str) -> None:
        assert api.post(path, {**NOTE, "body_text": "a" * 1024 * 1024}).status_code == 413

    def test_body_of_unknown_length(self, api: Caller, path: str) -> None:
        response = api.client.generic(
            "POST",
            f"/api/v1/{path}",
            b"",
            content_type="application/json",
            headers={"Transfer-Encoding": "chunked"},
        )

        assert response.status_code == 411


class TestThrottle:
    def test_so_many_requests_a_minute(self, api: Caller, settings: Any) -> None:
        settings.API_REQUESTS_PER_MINUTE = 3
        with time_machine.travel(timezone.now(), tick=False) as clock:
            statuses = [api.get("tags/").status_code for _ in range(4)]
            clock.shift(50)
            late = api.get("tags/")

        assert statuses == [200, 200, 200, 429]
        assert (late.status_code, late["Retry-After"]) == (429, "10")

    def test_each_key_has_its_own(self, api: Caller, agent: User, as_key: MakeCaller) -> None:
        other = as_key(agent)
        for _ in range(3):
            api.get("tags/")

        assert other.get("tags/").status_code == 200


class TestWritingTwice:
    def test_does_it_once(self, api: Caller, path: str) -> None:
        first = api.post(path, NOTE, Idempotency_Key="a")
        second = api.post(path, NOTE, Idempotency_Key="a")

        assert (first.status_code, second.status_code) == (201, 201)
        assert first.json() == second.json()
        assert Message.objects.filter(direction="note").count() == 1

    def test_refuses_another_body(self, api: Caller, path: str) -> None:
        api.post(path, NOTE, Idempotency_Key="a")

        response = api.post(path, {**NOTE, "body_text": "b"}, Idempotency_Key="a")

        assert response.status_code == 422
        assert Message.objects.filter(direction="note").count() == 1

    def test_refuses_another_address(self, api: Caller, path: str) -> None:
        api.post(path, NOTE, Idempotency_Key="a")
        other = f"tickets/{make_ticket().number}/messages/"

        assert api.post(other, NOTE, Idempotency_Key="a").status_code == 422

    def test_files_are_part_of_the_body(self, api: Caller, path: str) -> None:
        def send(content: bytes) -> int:
            file = BytesIO(content)
            file.name = "a.txt"
            response = api.client.post(
                f"/api/v1/{path}",
                {"direction": "note", "attachments": file},
                headers={"Idempotency-Key": "a"},
            )
            return response.status_code

        assert [send(b"a"), send(b"a"), send(b"b")] == [201, 201, 422]
        assert Message.objects.filter(direction="note").count() == 1

    def test_what_was_refused_may_be_tried_again(self, api: Caller, path: str) -> None:
        refused = api.post(path, {**NOTE, "body_text": ""}, Idempotency_Key="a")
        done = api.post(path, NOTE, Idempotency_Key="a")

        assert (refused.status_code, done.status_code) == (409, 201)

    def test_keys_of_others_are_their_own(self, api: Caller, path: str, as_key: MakeCaller) -> None:
        api.post(path, NOTE, Idempotency_Key="a")
        as_key(make_user()).post(path, NOTE, Idempotency_Key="a")

        assert Message.objects.filter(direction="note").count() == 2

    @pytest.mark.parametrize("value", ["", " ", "ą", "a" * 256])
    def test_key_of_another_form_is_refused(self, api: Caller, path: str, value: str) -> None:
        assert api.post(path, NOTE, Idempotency_Key=value).status_code == 400

    def test_is_forgotten_after_a_day(self, api: Caller, path: str) -> None:
        api.post(path, NOTE, Idempotency_Key="a")
        RepeatableRequest.objects.update(created_at=timezone.now() - timedelta(hours=25))

        assert idempotency.forget() == 1
        assert api.post(path, NOTE, Idempotency_Key="a").status_code == 201
        assert Message.objects.filter(direction="note").count() == 2

    @pytest.mark.django_db(transaction=True)
    def test_five_at_once_do_it_once(self, api: Caller) -> None:
        channel = make_channel()
        body = {
            "channel": str(channel.public_id),
            "subject": "Pytanie",
            "customer": {"email": "jan@example.com"},
            "message": {"direction": "inbound", "body_text": "Dzień dobry"},
        }
        numbers: list[int] = []
        start = threading.Barrier(5)

        def create() -> None:
            start.wait()
            response = Caller(str(api.client.defaults["HTTP_AUTHORIZATION"])).post(
                "tickets/", body, Idempotency_Key="a"
            )
            numbers.append(response.json()["number"])
            connections.close_all()

        threads = [threading.Thread(target=create) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert numbers == [Ticket.objects.get().number] * 5


class TestDescription:
    def test_schema_is_openapi_3_1(self, client: Client) -> None:
        response = client.get("/api/schema/")

        assert response.json()["openapi"].startswith("3.1")
        assert "/api/v1/tickets/{number}/messages/" in response.json()["paths"]

    def test_page_needs_no_other_host(self, client: Client) -> None:
        response = client.get("/api/docs/")
        text = response.content.decode()

        assert response.status_code == 200
        assert "/api/v1/tickets/{number}/messages/" in text
        assert "//" not in text.replace("http://testserver", "").replace("://www.w3.org", "")
        assert "style=" not in text
