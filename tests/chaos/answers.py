"""Agents: they answer by the API, under a key that lets them repeat what got no answer."""

import queue
import random
import threading
import time

import httpx

from tests.chaos.items import Item, Ledger

WAY = "answer"


class Agents:
    def __init__(self, base: str, key: str, ledger: Ledger, rng: random.Random) -> None:
        self._base, self._key, self._ledger, self._rng = base, key, ledger, rng
        # An agent answers a ticket's messages one after another.
        self._queues: list[queue.Queue[Item]] = [queue.Queue() for _ in range(4)]
        self.again = 0
        for each in self._queues:
            threading.Thread(target=self._run, args=[each], daemon=True).start()

    def answer(self, tickets: list[list[int]], count: int) -> None:
        """Answer tickets of each kind of channel alike."""
        kinds = [numbers for numbers in tickets if numbers]
        for _number in range(count if kinds else 0):
            ticket = self._rng.choice(self._rng.choice(kinds))
            self._queues[ticket % len(self._queues)].put(self._ledger.offer(WAY, ticket))

    def _run(self, waiting: "queue.Queue[Item]") -> None:
        headers = {"Authorization": f"Bearer {self._key}"}
        with httpx.Client(
            base_url=self._base, headers=headers, timeout=30, trust_env=False
        ) as client:
            while True:
                item = waiting.get()
                while not self._post(client, item):
                    self.again += 1
                    time.sleep(0.3)

    def _post(self, client: httpx.Client, item: Item) -> bool:
        """True where it is settled."""
        try:
            answer = client.post(
                f"/api/v1/tickets/{item.conversation}/messages/",
                json={"direction": "outbound", "body_text": str(item)},
                headers={"Idempotency-Key": str(item)},
            )
        except httpx.HTTPError:
            return False
        if answer.status_code >= 500 or answer.status_code == 429:
            return False
        if answer.status_code == 201:
            self._ledger.take(item)
        else:
            self._ledger.refuse(item, answer.text[:200])
        return True
