"""What stands in for Meta's Graph API: the Send API and what connecting a Page needs.

Speaks real HTTP and answers as contracts/messenger.md says, errors included. The order of a call:
token, faults that were asked for, our limit, then the rules of the call itself.
"""

import hashlib
import hmac
import json
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.http.multipartparser import MultiPartParser

from demo.standins import meta_events

_MOST_FILE_BYTES = 25 * 1024 * 1024
_ACTIONS = {"typing_on", "typing_off", "mark_seen"}
_RETIRED_TAGS = {"CONFIRMED_EVENT_UPDATE", "POST_PURCHASE_UPDATE", "ACCOUNT_UPDATE"}

# Each row of the sheet's table of errors: HTTP status, code, sub-code.
ERRORS = {
    "token_invalid": (401, 190, 460),
    "window_closed": (400, 10, 2018278),
    "window_closed_2": (400, 10, 2018065),
    "person_unreachable": (400, 10, 2018108),
    "person_unreachable_2": (400, 200, 1545041),
    "person_unavailable": (400, 551, 1545041),
    "page_restricted": (400, 10, 1893063),
    "no_matching_user": (400, 100, 2018001),
    "file_too_large": (400, 100, 2018109),
    "retired_tag": (400, 100, 1893061),
    "invalid_parameter": (400, 100, 0),
    "permission_missing": (403, 200, 0),
    "permission_missing_2": (400, 3, 0),
    "permission_missing_3": (400, 10, 0),
    "permission_missing_4": (400, 230, 0),
    "rate_limit_app": (400, 4, 0),
    "rate_limit_page": (400, 32, 0),
    "rate_limit": (400, 613, 0),
    "rate_limit_business": (400, 80006, 0),
    "unknown_error": (500, 1, 0),
    "service_down": (503, 2, 0),
    "temporary": (500, 1200, 0),
    "abuse": (400, 368, 0),
    "comment_answered": (400, 10900, 0),
    "comment_not_answerable": (400, 10903, 0),
    "page_messages_off": (400, 10904, 0),
}


@dataclass(frozen=True)
class Page:
    """A Page as the stand-in knows it; `callback_url` is where its events go."""

    page_id: str
    token: str
    app_secret: str
    app_id: str = ""
    name: str = "Strona"
    callback_url: str = ""


@dataclass(frozen=True)
class Sent:
    """A message that the Page sent, as Meta took it."""

    page_id: str
    person: str
    mid: str
    body: dict[str, Any]
    at_ms: int
    file: tuple[str, str, bytes] | None = None

    @property
    def message(self) -> dict[str, Any]:
        message: dict[str, Any] = self.body["message"]
        return message


@dataclass(frozen=True)
class Answer:
    status: int
    body: dict[str, Any] | bytes
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Fault:
    """What happens to the next call instead: an answer; or, without one, the line is cut.

    `taken`: the message was sent all the same, only the answer got lost.
    """

    answer: Answer | None = None
    taken: bool = False


@dataclass(frozen=True)
class Call:
    method: str
    path: list[str]
    params: dict[str, str]
    body: dict[str, Any]
    file: tuple[str, str, bytes] | None = None


class Refusal(Exception):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.answer = error(name)


class Graph:
    """The state of the stand-in, and its answers. Tests look at `sent` and `calls`."""

    def __init__(self, pages: Callable[[], Iterable[Page]], *, reports: bool = False) -> None:
        """`pages` are those it knows; `reports`: an echo and a receipt follow each message."""
        self.pages = pages
        self.reports = reports
        self.sent: list[Sent] = []
        self.calls: list[Call] = []
        self.actions: list[tuple[str, str]] = []
        self.profiles: dict[str, dict[str, str]] = {}
        self.subscribed: dict[str, list[str]] = {}
        self.faults: deque[Fault] = deque()
        self.last_written: dict[str, datetime] = {}
        self.human_agent = True
        self.conversations: list[dict[str, Any]] = []
        # What lies on the same host, by path: pictures that people sent.
        self.files: dict[str, Answer] = {}
        self.scopes = ["pages_messaging", "pages_manage_metadata"]
        self.unreachable: set[str] = set()
        self.most_per_second: int | None = None
        self.on_sent: list[Callable[[Sent], None]] = []
        self._lock = threading.Lock()
        self._times: deque[float] = deque()

    def fail(self, *names: str, headers: dict[str, str] | None = None) -> None:
        """Let the next calls end in these errors, one after another."""
        self.faults.extend(Fault(error(name, headers)) for name in names)

    def handle(self, call: Call, token: str) -> Answer | None:
        """Answer a call; None cuts the line."""
        with self._lock:
            self.calls.append(call)
            try:
                return self._handle(call, token)
            except Refusal as refusal:
                return refusal.answer

    def report(self, sent: Sent) -> None:
        """Tell the webhook of a message that was sent: its echo, then that it arrived."""
        page = self._page(sent.page_id)
        if page.callback_url:
            events = [self.echo(sent), self.arrival(sent)]
            meta_events.post(page.callback_url, page.app_secret, meta_events.batch(*events))

    def echo(self, sent: Sent) -> meta_events.Event:
        app_id = self._page(sent.page_id).app_id
        app = {"app_id": int(app_id)} if app_id else {}
        message = {"mid": sent.mid, **app, **sent.message}
        return meta_events.echo(sent.page_id, sent.person, message, sent.at_ms)

    def arrival(self, sent: Sent) -> meta_events.Event:
        return meta_events.delivery(sent.page_id, sent.person, [sent.mid], sent.at_ms)

    def _handle(self, call: Call, token: str) -> Answer | None:
        match call.method, call.path:
            case "GET", ["debug_token"]:
                return self._debug_token(call, token)
            case method, [node, *rest]:
                page = self._owner(call, token)
                # A person's profile is asked for now and then; a test cannot foresee when.
                if self.faults and (rest or node in ("me", page.page_id)):
                    return self._fault(call, page)
                self._check_rate()
                return self._of_page(method, page, call, rest)
        raise Refusal("invalid_parameter")

    def _of_page(self, method: str, page: Page, call: Call, rest: list[str]) -> Answer:
        match method, rest:
            case "POST", ["messages"] if "sender_action" in call.body:
                return self._act(call)
            case "POST", ["messages"]:
                return self._send(page, call)
            case "GET", ["conversations"]:
                return Answer(200, {"data": self.conversations})
            case "GET", ["subscribed_apps"]:
                return self._subscriptions(page)
            case "POST", ["subscribed_apps"]:
                self.subscribed[page.page_id] = call.params["subscribed_fields"].split(",")
                return Answer(200, {"success": True})
            case "GET", []:
                return self._node(page, call.path[0])
        raise Refusal("invalid_parameter")

    def _page(self, page_id: str) -> Page:
        return next(page for page in self.pages() if page.page_id == page_id)

    def _owner(self, call: Call, token: str) -> Page:
        """Whose token it is; a wrong one, or a wrong proof of it, is refused first of all."""
        page = next((each for each in self.pages() if each.token == token), None)
        if page is None or not token:
            raise Refusal("token_invalid")
        if call.path[1:] and call.path[0] not in (page.page_id, "me"):
            raise Refusal("permission_missing")
        proof = call.params.get("appsecret_proof")
        expected = hmac.new(page.app_secret.encode(), token.encode(), hashlib.sha256).hexdigest()
        if proof is not None and proof != expected:
            raise Refusal("invalid_parameter")
        return page

    def _fault(self, call: Call, page: Page) -> Answer | None:
        fault = self.faults.popleft()
        if fault.taken:
            self._send(page, call)
        return fault.answer

    def _check_rate(self) -> None:
        now = time.monotonic()
        self._times.append(now)
        while self._times[0] < now - 1:
            self._times.popleft()
        if self.most_per_second is not None and len(self._times) > self.most_per_second:
            raise Refusal("rate_limit")

    def _act(self, call: Call) -> Answer:
        if call.body["sender_action"] not in _ACTIONS:
            raise Refusal("invalid_parameter")
        person = call.body["recipient"]["id"]
        self.actions.append((person, call.body["sender_action"]))
        return Answer(200, {"recipient_id": person})

    def _send(self, page: Page, call: Call) -> Answer:
        person = str(call.body["recipient"]["id"])
        self._check_message(call)
        self._check_window(person, call.body)
        if person in self.unreachable:
            raise Refusal("person_unavailable")
        mid, at_ms = meta_events.new_mid(), meta_events.now_ms()
        sent = Sent(page.page_id, person, mid, call.body, at_ms, call.file)
        self.sent.append(sent)
        for listener in self.on_sent:
            listener(sent)
        if self.reports:
            threading.Thread(target=self.report, args=[sent], daemon=True).start()
        return Answer(200, {"recipient_id": person, "message_id": mid})

    def _check_message(self, call: Call) -> None:
        message = call.body["message"]
        if ("text" in message) == ("attachment" in message):
            raise Refusal("invalid_parameter")
        if not 0 < len(message.get("text", "-")) < 2_000 or len(message.get("metadata", "")) > 999:
            raise Refusal("invalid_parameter")
        if "attachment" in message and "url" not in message["attachment"]["payload"]:
            if call.file is None:
                raise Refusal("invalid_parameter")
            if len(call.file[2]) > _MOST_FILE_BYTES:
                raise Refusal("file_too_large")

    def _check_window(self, person: str, body: dict[str, Any]) -> None:
        if body.get("tag") in _RETIRED_TAGS:
            raise Refusal("retired_tag")
        last = self.last_written.get(person, datetime.now(UTC))
        silent = datetime.now(UTC) - last
        match body.get("messaging_type"), body.get("tag"):
            case "RESPONSE", None:
                is_open = silent < timedelta(hours=24)
            case "MESSAGE_TAG", "HUMAN_AGENT":
                is_open = self.human_agent and silent < timedelta(days=7)
            case _:
                raise Refusal("invalid_parameter")
        if not is_open:
            raise Refusal("window_closed")

    def _subscriptions(self, page: Page) -> Answer:
        fields = self.subscribed.get(page.page_id)
        apps = [{"id": page.app_id, "subscribed_fields": fields}] if fields else []
        return Answer(200, {"data": apps})

    def _node(self, page: Page, name: str) -> Answer:
        if name in ("me", page.page_id):
            return Answer(200, {"id": page.page_id, "name": page.name})
        if name in self.profiles:
            return Answer(200, {"id": name, **self.profiles[name]})
        return Answer(400, _body(100, 33))

    def _debug_token(self, call: Call, token: str) -> Answer:
        app_id, _bar, secret = token.partition("|")
        if not any((page.app_id, page.app_secret) == (app_id, secret) for page in self.pages()):
            raise Refusal("token_invalid")
        asked = call.params.get("input_token")
        page = next((each for each in self.pages() if each.token == asked), None)
        if page is None:
            return Answer(200, {"data": {"is_valid": False}})
        data = {"app_id": page.app_id, "is_valid": True, "scopes": self.scopes, "expires_at": 0}
        return Answer(200, {"data": data})


def error(name: str, headers: dict[str, str] | None = None) -> Answer:
    """One of `ERRORS` as Meta answers it."""
    status, code, subcode = ERRORS[name]
    return Answer(status, _body(code, subcode), headers or {})


@contextmanager
def serve(graph: Graph, host: str = "127.0.0.1", port: int = 0) -> Iterator[int]:
    """Run the stand-in in threads; yields the port it got."""
    handler = type("Handler", (_Handler,), {"graph": graph})
    server = ThreadingHTTPServer((host, port), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=[0.05], daemon=True)
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


class _Handler(BaseHTTPRequestHandler):
    graph: Graph

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_message(self, *_args: object) -> None:
        """The tests' own output is enough."""

    def _answer(self) -> None:
        url = urlsplit(self.path)
        params = dict(parse_qsl(url.query))
        version, *path = url.path.removeprefix("/").split("/")
        body, file = self._read()
        token = params.pop("access_token", "") or self._bearer()
        answer: Answer | None
        if url.path in self.graph.files:
            answer = self.graph.files[url.path]
        elif re.fullmatch(r"v\d+\.\d+", version) and path:
            answer = self.graph.handle(Call(self.command, path, params, body, file), token)
        else:
            answer = error("invalid_parameter")
        if answer is None:
            self.close_connection = True
            return
        content = answer.body if isinstance(answer.body, bytes) else _json(answer.body)
        self.send_response(answer.status)
        for name, value in {"Content-Type": "application/json", **answer.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _bearer(self) -> str:
        return self.headers.get("Authorization", "").removeprefix("Bearer ")

    def _read(self) -> tuple[dict[str, Any], tuple[str, str, bytes] | None]:
        """The call's parameters, from JSON or a form with a file."""
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        content_type = self.headers.get("Content-Type", "")
        if not content:
            return {}, None
        if not content_type.startswith("multipart/"):
            return json.loads(content), None
        meta = {"CONTENT_TYPE": content_type, "CONTENT_LENGTH": str(len(content))}
        fields, files = MultiPartParser(
            meta, BytesIO(content), [TemporaryFileUploadHandler()]
        ).parse()
        texts = {name: str(value) for name, value in fields.items()}
        body = {
            name: json.loads(value) if value.startswith("{") else value
            for name, value in texts.items()
        }
        upload = files.get("filedata")
        file = (upload.name, upload.content_type, upload.read()) if upload else None
        return body, file


def _body(code: int, subcode: int) -> dict[str, Any]:
    details = {"message": f"(#{code}) Stand-in", "type": "OAuthException", "code": code}
    if subcode:
        details["error_subcode"] = subcode
    return {"error": {**details, "fbtrace_id": "TEST"}}


def _json(body: dict[str, Any]) -> bytes:
    return json.dumps(body).encode()
