import json
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from accounts import keys
from accounts.models import User
from crm.models import KeyShop, Shop


class Caller:
    """A program with a key (or nothing) that speaks JSON."""

    def __init__(self, header: str = "") -> None:
        self.client = Client(headers={"Authorization": header} if header else {})

    def get(self, path: str, **query: Any) -> Any:
        return self._called(self.client.get(_full(path), query))

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.send("POST", path, body, **headers)

    def patch(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.send("PATCH", path, body, **headers)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        data = body if isinstance(body, bytes | str) else json.dumps(body)
        response = self.client.generic(
            method,
            _full(path),
            data,
            content_type="application/json",
            headers={name.replace("_", "-"): value for name, value in headers.items()},
        )
        return self._called(response)

    def upload(self, path: str, **fields: Any) -> Any:
        return self._called(self.client.post(_full(path), fields))

    def _called(self, response: Any) -> Any:
        """Whatever happens: JSON of the right type, and a problem that says its own status."""
        if response.status_code >= 400:
            assert response["Content-Type"] == "application/problem+json"
            assert response.json()["status"] == response.status_code
        return response


MakeCaller = Callable[..., Caller]


@pytest.fixture
def as_key() -> MakeCaller:
    """A caller with a key of this user, for all of the role's scopes and shops unless told."""

    def make(
        user: User, *, scopes: Iterable[str] | None = None, shops: Iterable[Shop] = ()
    ) -> Caller:
        key, text = keys.create(user, name="test", wanted=scopes)
        KeyShop.objects.bulk_create([KeyShop(key=key, shop=shop) for shop in shops])
        return Caller(f"Bearer {text}")

    return make


def pointers(response: HttpResponse) -> set[str]:
    return {error["pointer"] for error in json.loads(response.content)["errors"]}


def _full(path: str) -> str:
    return path if path.startswith(("/", "http")) else f"/api/v1/{path}"
