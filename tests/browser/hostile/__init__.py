"""Hostile strings by class, and the instruments that tell when one of them did something."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from playwright.sync_api import BrowserContext, Page

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360"
    "0002000005000157a3b6d50000000049454e44ae426082"
)


def strings(listener: str) -> dict[str, list[str]]:
    """The lines of strings.txt by class, with the canary and the listener's address filled in."""
    found: dict[str, list[str]] = {}
    for line in (Path(__file__).parent / "strings.txt").read_text(encoding="utf-8").split("\n"):
        if line.startswith("## "):
            kind = line[3:].partition(":")[0]
            found[kind] = []
        elif line and not line.startswith("# ") and found:
            found[kind].append(armed(line, listener))
    return found


def armed(text: str, listener: str) -> str:
    host = listener.partition("//")[2]
    return text.replace("RUN", "ran()").replace("LEAK", listener).replace("HOST", host)


@dataclass
class Asked:
    """One request that reached the listener."""

    path: str
    headers: dict[str, str]


@dataclass
class Listener:
    """A server of somebody who wants to know; answers everything with a picture."""

    address: str = ""
    asked: list[Asked] = field(default_factory=list)


@contextmanager
def listening() -> Iterator[Listener]:
    listener = Listener()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            listener.asked.append(Asked(self.path, dict(self.headers)))
            self.send_response(200)
            self.send_header("Content-Type", "image/png")
            self.end_headers()
            self.wfile.write(PNG)

        do_POST = do_HEAD = do_GET  # noqa: N815  (names that the library asks for)

        def log_message(self, *args: object) -> None:
            """Tests have no access log."""

    web = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=web.serve_forever, daemon=True)
    thread.start()
    listener.address = f"http://127.0.0.1:{web.server_port}"
    try:
        yield listener
    finally:
        web.shutdown()
        thread.join(5)


@dataclass
class Canary:
    """Sings when a string ran: by its own call, or by a dialog."""

    sang: list[str] = field(default_factory=list)

    def watch(self, context: BrowserContext) -> None:
        context.expose_binding("ran", lambda source, *_what: self.sang.append(str(source["frame"])))
        context.on("page", self._dialogs)
        for page in context.pages:
            self._dialogs(page)

    def _dialogs(self, page: Page) -> None:
        def heard(dialog: object) -> None:
            self.sang.append("dialog")
            dialog.dismiss()

        page.on("dialog", heard)
