"""A page of somebody's shop, on an origin of its own: strict policy, hostile style."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_HOSTILE = """
* { display: none !important; color: lime !important; font: 40px cursive !important; opacity: .1; }
html, body, main, h1, p { display: block !important; font: 16px serif !important; opacity: 1; }
button, iframe, div, span { position: static !important; width: 10px !important; margin: 90px; }
"""

_PAGE = """<!doctype html>
<html lang="pl">
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Kubek emaliowany</title>
<style nonce="shop">{style}</style>
<main><h1>Kubek emaliowany</h1><p>Pojemność 300 ml.</p></main>
<script nonce="shop">
window.helpdesk = function () {{ (helpdesk.q = helpdesk.q || []).push(arguments); }};
</script>
<script nonce="shop" async src="{server}/widget/{channel}.js"></script>
</html>
"""


def _policy(server: str) -> str:
    return (
        "default-src 'none'; script-src 'nonce-shop' 'strict-dynamic'; style-src 'nonce-shop'; "
        f"frame-src {server}; connect-src {server}; img-src {server}; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )


@contextmanager
def shop_page(server: str, channel: object) -> Iterator[str]:
    """Serve the page; its address."""
    page = _PAGE.format(style=_HOSTILE, server=server, channel=channel).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/favicon.ico":
                self.send_response(204)
                self.end_headers()
                return
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Security-Policy", _policy(server))
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *args: object) -> None:
            """Tests have no access log."""

    web = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=web.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{web.server_port}"
    finally:
        web.shutdown()
        thread.join(5)
