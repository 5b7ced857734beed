"""A real server with WebSockets, and a browser whose console must stay clean."""

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest
import uvicorn
from django.conf import settings
from django.db import connections
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from accounts.models import User
from helpdesk.asgi import application
from tests.servers import free_port, imap_server, smtp_sink  # noqa: F401  (fixtures)

T = TypeVar("T")

ROOT = Path(__file__).resolve().parent.parent.parent
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"

# Playwright's synchronous side runs a loop in this thread, where Django would refuse the database.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests last: Playwright's loop stays in this thread, and no other can run after it."""
    items.sort(key=lambda item: "playwright" in getattr(item, "fixturenames", ()))


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """The machine's Chromium where there is one, else the one that Playwright installed."""
    own = shutil.which("chromium") or shutil.which("chromium-browser")
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    args = {**browser_type_launch_args, "args": flags}
    return {**args, "executable_path": own} if own else args


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    return {**browser_context_args, "locale": "pl-PL", "timezone_id": "Europe/Warsaw"}


@pytest.fixture(scope="session")
def server(django_db_setup: None) -> Iterator[str]:
    """The application on a port of its own; the address of its root without a slash."""
    if not (ROOT / "static" / "dist" / "inbox.js").exists():
        pytest.fail("The front end is not built: run `npm ci && npm run build`.")
    port = free_port()
    web = uvicorn.Server(
        uvicorn.Config(application, host="127.0.0.1", port=port, log_level="warning", ws="auto")
    )
    thread = threading.Thread(target=web.run, daemon=True)
    thread.start()
    while not web.started:
        time.sleep(0.05)
    yield f"http://localhost:{port}"
    web.should_exit = True
    thread.join(10)


@dataclass
class Watched:
    """Pages of a test, and what their consoles complained about."""

    complaints: list[str] = field(default_factory=list)
    # Texts of complaints that a test provokes on purpose.
    expected: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def unexpected(self) -> list[str]:
        return [text for text in self.complaints if not any(part in text for part in self.expected)]

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(f"{message.text} ({message.location.get('url', '')})")


@pytest.fixture
def console() -> Iterator[Watched]:
    """Fails the test where a page wrote an error, unless its text is in `expected`."""
    watched = Watched()
    yield watched
    assert watched.unexpected() == []


@pytest.fixture
def quiet(page: Page, console: Watched) -> list[str]:
    """What the console of `page` complained of; nothing, at the end of the test."""
    # A refused form is answered with 422 on purpose; the browser logs that.
    console.expected.append("422")
    console.watch(page)
    return console.complaints


@pytest.fixture
def hold_to_axe(page: Page) -> Callable[[], None]:
    """Fail when axe finds something serious or critical on the page as it is now."""

    def check() -> None:
        assert axe(page) == [], page.url

    return check


SignedIn = Callable[..., Page]


@pytest.fixture
def open_as(
    server: str, browser: Browser, console: Watched, transactional_db: None
) -> Iterator[SignedIn]:
    """Opens a page as a user: `open_as(user, "/inbox/", width=360, scheme="dark")`."""
    contexts: list[BrowserContext] = []

    def open_page(
        user: User | None,
        path: str,
        *,
        width: int = 1440,
        height: int = 900,
        scheme: str = "light",
    ) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if scheme == "dark" else "light",
            locale="pl-PL",
            timezone_id="Europe/Warsaw",
            base_url=server,
        )
        context.set_default_timeout(15_000)
        contexts.append(context)
        if user:
            name = settings.SESSION_COOKIE_NAME
            context.add_cookies([{"name": name, "value": _session_of(user), "url": server}])
        page = context.new_page()
        console.watch(page)
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def live(open_as: SignedIn) -> SignedIn:
    """As `open_as`, and waits until the page's socket is there."""

    def open_live(user: User, path: str, **how: Any) -> Page:
        page = open_as(user, path, **how)
        page.wait_for_selector("html[data-live]", state="attached")
        return page

    return open_live


def elsewhere(act: Callable[..., T], *args: Any, **how: Any) -> T:
    """Do what another process would do, in a thread that has no loop of the browser's."""

    def run() -> T:
        try:
            return act(*args, **how)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(run).result()


def axe(page: Page) -> list[str]:
    """Serious and critical findings of axe on this page, in short."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{violation['id']}: {node['target']} {node.get('failureSummary', '')[:200]}"
        for violation in found["violations"]
        if violation["impact"] in {"serious", "critical"}
        for node in violation["nodes"]
    ]


def _session_of(user: User) -> str:
    client = Client()
    client.force_login(user)
    return str(client.cookies[settings.SESSION_COOKIE_NAME].value)
