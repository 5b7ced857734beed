import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest
from pytest_django.fixtures import Settings

from helpdesk import http


class Site(ThreadingHTTPServer):
    """A web server on loopback that remembers what was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[str] = []
        self.bodies: list[bytes] = []
        self.url = f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Site
    redirects: ClassVar[dict[str, str]] = {"/to-file": "file:///etc/passwd", "/loop": "/loop"}

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        path, _, target = self.path.partition("?to=")
        if path in self.redirects or target:
            self.send_response(302)
            self.send_header("Location", target or self.redirects[path])
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.end_headers()
        if path == "/large":
            self.wfile.write(b"x" * 20_000)
        elif path == "/slow":
            self._drip()
        else:
            self.wfile.write(b"hello")

    def do_POST(self) -> None:
        self.server.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.do_GET()

    def _drip(self) -> None:
        for _second in range(50):
            try:
                self.wfile.write(b".")
            except OSError:
                return
            time.sleep(0.1)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def site() -> Iterator[Site]:
    server = Site()
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes a name resolve to the given addresses, one list for each question."""

    def resolve(name: str, *answers: list[str]) -> None:
        system = socket.getaddrinfo
        left = list(answers)

        def getaddrinfo(host: str, port: int, *args: Any, **kwargs: Any) -> Any:
            if host != name:
                return system(host, port, *args, **kwargs)
            found = left.pop(0) if len(left) > 1 else left[0]
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in found]

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)

    return resolve


LOOPBACK_SPELLINGS = [
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "0x7f.0x0.0x0.0x1",
    "0177.0.0.1",
    "017700000001",
    "127.0.0.1.",
    "127.00.00.001",
    "0x7f.1",
    "0177.1",
    "127.0x1",
    "LOCALHOST",
    "localhost.",
    "①②⑦.⓪.⓪.①",
    "%31%32%37.0.0.1",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:7f00:0001]",
    "[::ffff:0:127.0.0.1]",
    "127.0.0.1.nip.io",
    "127.255.255.254",
    "0.0.0.0",
    "0",
    "localhost",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
]


def test_28_spellings_are_tried() -> None:
    assert len(set(LOOPBACK_SPELLINGS)) >= 28


@pytest.mark.parametrize(
    "place", ["http://127.0.0.1:{port}/", "http://127.0.0.1:1/", "http://10.0.0.1/"]
)
def test_refusal_says_the_same_of_what_is_there_and_what_is_not(site: Site, place: str) -> None:
    with pytest.raises(http.Forbidden) as refused:
        http.fetch(place.format(port=site.server_port))

    assert str(refused.value) == str(http.Forbidden())


@pytest.mark.parametrize("host", LOOPBACK_SPELLINGS)
def test_loopback_is_never_asked_however_it_is_spelt(site: Site, host: str) -> None:
    with pytest.raises(http.FetchError):
        http.fetch(f"http://{host}:{site.server_port}/")
    with pytest.raises(http.FetchError):
        http.connect(host.strip("[]"), site.server_port)

    assert site.asked == []


@pytest.mark.parametrize(
    "address",
    [
        "10.1.2.3",
        "100.64.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "172.31.0.1",
        "192.168.1.1",
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "0.0.0.0",
        "::",
        "::1",
        "::ffff:169.254.169.254",
        "::10.0.0.1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1",
        "2002:a00:1::",
        "2001:db8::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ],
)
def test_address_is_not_public(address: str) -> None:
    assert not http.is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700::1111", "::ffff:1.1.1.1"])
def test_address_is_public(address: str) -> None:
    assert http.is_public(address)


def test_own_public_address_is_refused(
    names: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "is_public", lambda _address: True)
    names("us.example", ["127.0.0.1"])

    with pytest.raises(http.Forbidden):
        http.addresses("us.example", 443)


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "gopher://example.com/",
        "ftp://example.com/",
        "http:///nothing",
        "no address",
        "http://user:password@example.com/",
        "http://example.com:6379/",
        "http://example.com:22/",
    ],
)
def test_only_web_addresses_and_ports_are_asked(url: str) -> None:
    with pytest.raises(http.Forbidden):
        http.fetch(url)


def test_name_with_one_private_address_is_refused(names: Callable[..., None]) -> None:
    names("mixed.example", ["1.1.1.1", "127.0.0.1"])

    with pytest.raises(http.Forbidden):
        http.fetch("http://mixed.example/")


def test_name_is_resolved_once_and_that_address_connected(
    names: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    names("rebinding.example", ["203.0.114.1"], ["127.0.0.1"])
    connected: list[tuple[str, int]] = []

    def create_connection(address: tuple[str, int], *_args: Any, **_kwargs: Any) -> Any:
        connected.append(address)
        raise OSError

    monkeypatch.setattr(socket, "create_connection", create_connection)

    with pytest.raises(http.Unreachable):
        http.fetch("http://rebinding.example/")
    assert connected == [("203.0.114.1", 80)]


def test_host_of_an_admin_may_be_private(site: Site) -> None:
    answer = http.fetch(f"{site.url}/a", params={"b": "c"}, allow_private=True)

    assert (answer.status, answer.content) == (200, b"hello")
    assert site.asked == ["/a?b=c"]


def test_host_of_an_admin_stays_public_where_the_installation_says_so(
    site: Site, settings: Settings
) -> None:
    settings.ALLOW_PRIVATE_HOSTS = False

    with pytest.raises(http.Forbidden):
        http.fetch(site.url, allow_private=True)
    with pytest.raises(http.Forbidden):
        http.connect("127.0.0.1", site.server_port, allow_private=True)
    assert site.asked == []


def test_redirect_within_the_host_is_followed(site: Site) -> None:
    assert http.fetch(f"{site.url}/x?to=/there", allow_private=True).content == b"hello"
    assert site.asked == ["/x?to=/there", "/there"]


def test_redirect_does_not_lead_to_another_private_place(site: Site) -> None:
    other = Site()
    threading.Thread(target=other.serve_forever, args=(0.05,), daemon=True).start()

    with pytest.raises(http.Forbidden):
        http.fetch(f"{site.url}/x?to={other.url}/secret", allow_private=True)
    other.shutdown()
    other.server_close()
    assert other.asked == []


@pytest.mark.parametrize("path", ["/to-file", "/loop"])
def test_redirect_to_nowhere_ends(site: Site, path: str) -> None:
    with pytest.raises(http.FetchError):
        http.fetch(site.url + path, allow_private=True)


def test_post_is_sent_once_and_not_redirected(site: Site) -> None:
    answer = http.fetch(f"{site.url}/x?to=/there", method="POST", json={"a": 1}, allow_private=True)

    assert answer.status == 302
    assert site.bodies == [b'{"a":1}']
    assert site.asked == ["/x?to=/there"]


def test_large_answer_is_cut_off(site: Site) -> None:
    with pytest.raises(http.TooLarge):
        http.fetch(f"{site.url}/large", max_bytes=10_000, allow_private=True)


def test_slow_answer_ends_at_the_deadline(site: Site) -> None:
    started = time.monotonic()
    with pytest.raises(http.TimedOut) as caught:
        http.fetch(f"{site.url}/slow", timeout_s=0.5, allow_private=True)

    assert time.monotonic() - started < 2
    assert caught.value.was_sent


def test_closed_port_was_not_sent_to() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]

    with pytest.raises(http.Unreachable) as caught:
        http.fetch(f"http://127.0.0.1:{port}/", allow_private=True)
    assert not caught.value.was_sent
    with pytest.raises(http.Unreachable):
        http.connect("127.0.0.1", port, allow_private=True)


def test_connection_of_an_admin_is_open(site: Site) -> None:
    with http.connect("localhost", site.server_port, allow_private=True) as connection:
        assert connection.getpeername()[1] == site.server_port
