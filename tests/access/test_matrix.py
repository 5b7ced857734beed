"""The matrix: every address and operation, asked by everybody; what is refused changes nothing."""

import json
from functools import cache
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings as django_settings
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from helpdesk import http
from tests.access import addresses
from tests.access.outcomes import HIDDEN, IN, REFUSED, SIGN_IN, STAFF, VIEWERS, Outcome, Row, Rule
from tests.access.scene import ORIGIN, PNG, SECRET, SPOKEN, Scene
from tests.access.table import EXEMPT, OPERATIONS, PAGES

# Thousands of requests; a busy machine takes its time.
pytestmark = pytest.mark.timeout(900)

_SIGN_IN_PAGES = ("/accounts/login/", "/operator/login/")
# A form that was let in and found wrong.
_LET_IN = {400, 409, 410, 413, 415, 422, 503}
# Written for whoever asks: their session, and when their key was used.
_OWN_TABLES = ["django_session", "usersessions_usersession", "accounts_apikey"]


@pytest.fixture
def scene(db: None) -> Scene:
    return Scene()


@pytest.fixture(autouse=True)
def site(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """A contact for finders of holes, and a web that answers with one picture."""
    settings.SECURITY_CONTACT = "mailto:security@example.com"
    answer = http.Answer(200, {}, PNG)  # type: ignore[arg-type]
    monkeypatch.setattr(http, "fetch", lambda *_args, **_how: answer)


ADDRESSES = addresses.named()
_SCHEMA = addresses.operations()
_IN_SCHEMA = {f"api/v1/{operation.partition(' ')[2]}" for operation in _SCHEMA}


def row_of(name: str) -> Row | None:
    return PAGES.get(name) or PAGES.get(f"{name.partition(':')[0]}:*")


def rows_of(part: str) -> list[str]:
    return [name for name in ADDRESSES if name.startswith(f"{part}:") and row_of(name)]


def test_every_address_has_a_row() -> None:
    missing = [
        name
        for name, path in ADDRESSES.items()
        if not row_of(name) and name not in EXEMPT and path not in _IN_SCHEMA
    ]

    assert not missing, f"add a line to PAGES in tests/access/table.py for {missing}"


def test_every_operation_has_a_row() -> None:
    missing = sorted(set(_SCHEMA) - set(OPERATIONS))

    assert not missing, f"add a line to OPERATIONS in tests/access/table.py for {missing}"


def test_no_row_is_of_nothing() -> None:
    spaces = {f"{name.partition(':')[0]}:*" for name in ADDRESSES}

    assert set(PAGES) | set(EXEMPT) <= set(ADDRESSES) | spaces
    assert set(OPERATIONS) <= set(_SCHEMA)
    assert len(EXEMPT) <= 10
    assert all(EXEMPT.values())


@pytest.mark.parametrize("part", sorted({name.partition(":")[0] for name in PAGES if ":" in name}))
def test_pages(part: str, scene: Scene, subtests: pytest.Subtests) -> None:
    """All pages of one part, of one scene: what a request changes is taken back."""
    for name in rows_of(part):
        with subtests.test(name):
            hold_page(name, PAGES.get(name) or PAGES[f"{part}:*"], scene)


def test_pages_outside_the_parts(scene: Scene, subtests: pytest.Subtests) -> None:
    for name in PAGES:
        if ":" not in name:
            with subtests.test(name):
                hold_page(name, PAGES[name], scene)


def test_operations(scene: Scene, subtests: pytest.Subtests) -> None:
    for operation, row in OPERATIONS.items():
        with subtests.test(operation):
            hold_operation(operation, row, scene)


def hold_page(name: str, row: Row, scene: Scene) -> None:
    path = address_of(name, row, scene)
    for viewer in VIEWERS:
        taken = False
        for method in ("GET", "POST"):
            response, wrote = ask(viewer, method, path, row, scene)
            if response.status_code != 405:
                taken = True
                rule = row.post if method == "POST" and row.post else row.rule
                check(f"{method} {path}", viewer, response, wrote, rule)
        assert taken, f"{path} takes neither GET nor POST"


def hold_operation(operation: str, row: Row, scene: Scene) -> None:
    method, path = operation.partition(" ")[0], operation_address(operation, row, scene)
    for viewer in VIEWERS:
        response, wrote = ask(viewer, method, path, row, scene, api=True)
        check(operation, viewer, response, wrote, row.rule)
        assert row.rule[viewer] != IN or response.status_code < 300, response.content


def check(what: str, viewer: str, response: Any, wrote: bool, rule: Rule) -> None:
    """Nobody reads what is not theirs, and who is not let in changes nothing."""
    outcome = outcome_of(response)
    assert outcome == rule[viewer], f"{viewer} at {what}: {response.status_code}"
    assert outcome == IN or not wrote, f"{viewer} at {what} was refused, and wrote"
    content = b"".join(response) if response.streaming else response.content
    if viewer not in STAFF:
        assert SECRET.encode() not in content, f"{viewer} at {what} reads what the team knows"
    if viewer not in (*STAFF, "visitor"):
        assert SPOKEN.encode() not in content, f"{viewer} at {what} reads the chat"


def ask(
    viewer: str, method: str, path: str, row: Row, scene: Scene, *, api: bool = False
) -> tuple[Any, bool]:
    """The answer, and whether anything was written; all of it is taken back."""
    client = _client()
    client.cookies.clear()
    if viewer in scene.cookies and not api:
        client.cookies[django_settings.SESSION_COOKIE_NAME] = scene.cookies[viewer]
    how: dict[str, Any] = {
        "query_params": row.query(scene),
        "headers": {"Origin": ORIGIN, **_authorization(viewer, scene, api=api)},
    }
    if method != "GET":
        how |= _body(row.data(scene), json_body=api or path.startswith("/widget-api/"))
    before = _written()
    with transaction.atomic():
        response = getattr(client, method.lower())(path, **how)
        wrote = _written() != before
        transaction.set_rollback(True)
    return response, wrote


@cache
def _client() -> Client:
    """One for all requests: each new one would load the middleware anew."""
    return Client()


def outcome_of(response: Any) -> Outcome:
    status = response.status_code
    if status == 401 or urlsplit(response.get("Location", "")).path in _SIGN_IN_PAGES:
        return SIGN_IN
    if status in {403, 404}:
        return REFUSED if status == 403 else HIDDEN
    assert status < 400 or status in _LET_IN, f"{status}: {response.content[:300]}"
    return IN


def address_of(name: str, row: Row, scene: Scene) -> str:
    template = ADDRESSES[name]
    if name.endswith(template):  # it has no name to ask by
        return f"/{template}"
    return reverse(name, kwargs=_arguments(template, row, scene))


def operation_address(operation: str, row: Row, scene: Scene) -> str:
    template = operation.partition(" ")[2]
    path = f"/api/v1/{template}"
    for argument, value in _arguments(template, row, scene).items():
        path = path.replace(f"{{{argument}}}", str(value))
    return path


def _arguments(template: str, row: Row, scene: Scene) -> dict[str, Any]:
    names = addresses.arguments(template)
    if callable(row.at):
        return row.at(scene)
    if row.at:
        thing = getattr(scene, row.at)
        return {name: getattr(thing, name) for name in names}
    known = scene.arguments()
    return {name: known.get(name, "1") for name in names}


def _authorization(viewer: str, scene: Scene, *, api: bool) -> dict[str, str]:
    text = scene.tokens.get(viewer) or (scene.keys.get(viewer) if api else None)
    return {"Authorization": f"Bearer {text}"} if text else {}


def _body(data: dict[str, Any], *, json_body: bool) -> dict[str, Any]:
    if "file" in data:
        return {"data": {"file": BytesIO(data["file"])}}
    if json_body:
        return {"data": json.dumps(data), "content_type": "application/json"}
    return {"data": data}


def _written() -> int:
    """Rows written in this transaction so far, also by what was taken back."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)"
            " FROM pg_stat_xact_user_tables WHERE relname != ALL(%s)",
            [_OWN_TABLES],
        )
        return int(cursor.fetchone()[0])
