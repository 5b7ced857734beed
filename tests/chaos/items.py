"""What is said in a run: each thing once, told apart by a mark in its text."""

import re
import threading
from dataclasses import dataclass
from typing import Self

_MARK = re.compile(r"chaos/(\w+)/(\d+)/(\d+)")


@dataclass(frozen=True, order=True)
class Item:
    """The n-th thing said in one conversation of one way in, or the n-th answer in it."""

    way: str
    conversation: int
    number: int

    def __str__(self) -> str:
        return f"chaos/{self.way}/{self.conversation}/{self.number}"

    @classmethod
    def of(cls, text: str) -> Self | None:
        found = _MARK.search(text)
        return cls(found[1], int(found[2]), int(found[3])) if found else None


class Ledger:
    """What was handed over, and what was acknowledged, by anybody's thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.offered: set[Item] = set()
        self.taken: set[Item] = set()
        self.refused: dict[Item, str] = {}
        self._numbers: dict[tuple[str, int], int] = {}

    def offer(self, way: str, conversation: int) -> Item:
        """The next item of this conversation."""
        with self._lock:
            number = self._numbers.get((way, conversation), 0) + 1
            self._numbers[way, conversation] = number
            item = Item(way, conversation, number)
            self.offered.add(item)
            return item

    def take(self, item: Item) -> None:
        with self._lock:
            self.taken.add(item)

    def refuse(self, item: Item, why: str) -> None:
        with self._lock:
            self.refused[item] = why

    def of(self, way: str) -> set[Item]:
        with self._lock:
            return {item for item in self.offered if item.way == way}
