"""What still works while a part of the machine does not, seen from outside."""

import json
import re
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from tests.chaos.product import Product
from tests.servers import eventually

CHECKOUT = Path(__file__).parents[2]
EMAIL, PASSWORD = "admin@example.com", "correct horse battery"
SETUP = f"""
import json
from accounts import keys
from tests.factories import make_channel, make_ticket, make_user
user = make_user("admin", email="{EMAIL}", language="en")
mailbox = {{"imap_host": "127.0.0.1", "imap_port": 9, "imap_security": "none"}}
make_channel(settings=mailbox, name="Broken mailbox")
ticket = make_ticket(make_channel("email", settings={{"smtp_host": "127.0.0.1", "smtp_port": 9}}))
print(json.dumps([ticket.number, keys.create(user, name="test")[1]]))
"""

pytestmark = [pytest.mark.xdist_group("supervisor"), pytest.mark.timeout(300)]


class Helpdesk:
    """A product that runs, with an admin who is signed in and one ticket."""

    def __init__(self, product: Product) -> None:
        self.product = product
        done = subprocess.run(
            [sys.executable, "manage.py", "shell", "--verbosity=0", "--command", SETUP],
            cwd=CHECKOUT,
            env=product.env,
            capture_output=True,
            text=True,
            check=True,
        )
        self.number, self.key = json.loads(done.stdout.splitlines()[-1])
        self.browser = httpx.Client(base_url=product.base, timeout=30, trust_env=False)
        self._sign_in()

    def _sign_in(self) -> None:
        page = self.browser.get("/accounts/login/").text
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
        assert token is not None, page
        form = {"csrfmiddlewaretoken": token[1], "login": EMAIL, "password": PASSWORD}
        signed_in = self.browser.post("/accounts/login/", data=form)
        assert signed_in.status_code == 302, signed_in.text

    def reads_and_replies(self, words: str) -> bool:
        """Whether the list, the ticket and a reply work as always."""
        pages = [self.browser.get(path).status_code for path in ("/inbox/", self.ticket)]
        reply = httpx.post(
            f"{self.product.base}/api/v1/tickets/{self.number}/messages/",
            json={"direction": "outbound", "body_text": words},
            headers={"Authorization": f"Bearer {self.key}"},
            timeout=30,
            trust_env=False,
        )
        assert (pages, reply.status_code) == ([200, 200], 201), reply.text
        return words in self.browser.get(self.ticket).text

    @property
    def ticket(self) -> str:
        return f"/inbox/{self.number}/"

    def health(self) -> str:
        return self.browser.get("/settings/health/").text


@pytest.fixture(scope="module")
def helpdesk() -> Iterator[Helpdesk]:
    product = Product()
    try:
        product.start()
        yield Helpdesk(product)
    finally:
        product.end()


def test_without_redis_agents_read_and_reply(helpdesk: Helpdesk) -> None:
    """It does not even refuse: it hangs, which is worse."""
    redis = helpdesk.product.find("redis")
    redis.suspend()
    try:
        assert helpdesk.reads_and_replies("Odpowiedź bez Redisa")
        assert "does not answer" in helpdesk.health()
        assert not helpdesk.product.is_ready()
    finally:
        redis.resume()
    eventually(helpdesk.product.is_ready, within_s=60)


def test_killed_database_is_back_within_seconds(helpdesk: Helpdesk) -> None:
    helpdesk.product.find("postgres").kill()

    def works() -> bool:
        try:
            return helpdesk.browser.get(helpdesk.ticket).status_code == 200
        except httpx.HTTPError:
            return False

    eventually(works, within_s=60)
    assert helpdesk.reads_and_replies("Odpowiedź po powrocie bazy")


def test_mailbox_that_is_down_is_named_and_holds_nobody_up(helpdesk: Helpdesk) -> None:
    eventually(lambda: "do not work: Broken mailbox" in helpdesk.health(), within_s=60)

    assert helpdesk.reads_and_replies("Odpowiedź przez inny kanał")


def test_ends_under_load_without_a_failed_request(helpdesk: Helpdesk) -> None:
    """The last test of the module: whoever is connected is answered, whoever comes later is not."""
    ends, seen = threading.Event(), Counter[str]()

    def ask() -> None:
        while not ends.is_set():
            try:
                headers = {"Connection": "close", "Cookie": cookies}
                answer = httpx.get(address, headers=headers, timeout=30, trust_env=False)
                seen[str(answer.status_code)] += 1
            except httpx.ConnectError:
                seen["nobody there"] += 1
                return
            except httpx.HTTPError as error:
                seen[type(error).__name__] += 1

    address = helpdesk.product.base + helpdesk.ticket
    cookies = "; ".join(f"{name}={value}" for name, value in helpdesk.browser.cookies.items())
    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    eventually(lambda: seen["200"] >= 12)
    process = helpdesk.product.process

    process.send_signal(signal.SIGTERM)
    process.wait(30)

    for thread in threads:
        thread.join(30)
    ends.set()
    assert set(seen) == {"200", "nobody there"}, seen
    assert process.returncode == 0
    assert not psutil.pid_exists(process.pid)
    assert "did not end in time" not in helpdesk.product.said()
