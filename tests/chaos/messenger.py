"""Meta: calls the webhook for each person's messages, again and again until it says 200."""

import queue
import random
import threading
import time

import httpx

from demo.standins import meta, meta_events
from tests.chaos.items import Item, Ledger

PERSONS = 16
PAGE = meta.Page(
    page_id="100000000000001",
    token="test-page-token",
    app_secret="test-app-secret-not-real",
    app_id="300000000000001",
    name="Sklep Las",
)


def person(conversation: int) -> str:
    return f"2000000000000{conversation:05}"


class Meta:
    way = "messenger"

    def __init__(self, hook: str, ledger: Ledger, rng: random.Random) -> None:
        self._hook, self._ledger, self._rng = hook, ledger, rng
        self._queues: list[queue.Queue[Item]] = [queue.Queue() for _ in range(PERSONS)]
        self.again = self.repeated = 0
        for each in self._queues:
            threading.Thread(target=self._run, args=[each], daemon=True).start()

    def arrive(self, count: int) -> None:
        for _number in range(count):
            conversation = self._rng.randrange(PERSONS)
            self._queues[conversation].put(self._ledger.offer(self.way, conversation))

    def _run(self, waiting: "queue.Queue[Item]") -> None:
        with httpx.Client(timeout=30, trust_env=False) as client:
            while True:
                item = waiting.get()
                body = meta_events.batch(
                    meta_events.text(PAGE.page_id, person(item.conversation), str(item))
                )
                while not self._call(client, body):
                    self.again += 1
                    time.sleep(0.3)
                self._ledger.take(item)
                if item.number % 20 == 0:  # Meta repeats what it got an answer for, too
                    self.repeated += 1
                    self._call(client, body)

    def _call(self, client: httpx.Client, body: bytes) -> bool:
        headers = {
            "Content-Type": "application/json",
            "X-Hub-Signature-256": meta_events.signature(body, PAGE.app_secret),
        }
        try:
            return client.post(self._hook, content=body, headers=headers).status_code == 200
        except httpx.HTTPError:
            return False


class FailingGraph(meta.Graph):
    """Meta's API: now and then it says no, or takes a message and loses the line."""

    choices = (
        meta.Fault(taken=True),
        meta.Fault(),
        meta.Fault(meta.error("temporary")),
        meta.Fault(meta.error("service_down")),
    )

    def __init__(self, rng: random.Random) -> None:
        super().__init__(lambda: [PAGE])
        self._rng = rng
        self.failed = 0

    def handle(self, call: meta.Call, token: str) -> meta.Answer | None:
        if "message" in call.body and self._rng.random() < 0.1:
            self.failed += 1
            self.faults.append(self._rng.choice(self.choices))
        return super().handle(call, token)
