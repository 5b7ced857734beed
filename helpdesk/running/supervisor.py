"""Keeps a set of processes alive until somebody ends it."""

import logging
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

from helpdesk.running import Problem
from helpdesk.running.child import Child

logger = logging.getLogger(__name__)

_STOP_SIGNALS = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
_SIGNALS = _STOP_SIGNALS | {signal.SIGCHLD}
_STEADY_S = 10
_LONGEST_DELAY_S = 10


class Stopped(Exception):
    """Somebody pressed Ctrl-C or sent SIGTERM."""


class Supervisor:
    """Starts children in order, restarts the dead, ends all in reverse order.

    Signals are blocked and waited for, so there is one place where they are noticed.
    """

    def __init__(self) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        self.groups: list[list[Child]] = []
        self.fates: dict[str, _Fate] = {}

    def start(self, *children: Child) -> None:
        """Start some children, which end together, before those that were started earlier."""
        self.groups.append(list(children))
        for child in children:
            self._start(child)

    def wait_until(self, is_done: Callable[[], bool], *, seconds: float, failure: str) -> None:
        """Raises Problem with the text of `failure` after that time."""
        end = time.monotonic() + seconds
        while not is_done():
            if time.monotonic() > end:
                raise Problem(failure)
            self._wait(0.1)
            self._restart_dead()

    def finish(self, child: Child) -> int:
        """Run a child to its end, and return its exit code."""
        child.start()
        try:
            while child.is_running:
                self._wait(1)
        finally:
            child.kill()
        return child.exit_code or 0

    def watch(self) -> None:
        """Restart what dies, until Stopped."""
        while True:
            self._wait(0.5)
            self._restart_dead()

    def end(self, *, grace_s: float = 25) -> None:
        for group in reversed(self.groups):
            for child in group:
                child.stop()
            deadline = time.monotonic() + grace_s
            while any(child.is_running for child in group) and time.monotonic() < deadline:
                signal.sigtimedwait({signal.SIGCHLD}, 0.1)
            for child in group:
                if child.is_running:
                    logger.warning("%s did not end in time and is killed", child.name)
                child.kill()
        self.groups = []

    def _wait(self, seconds: float) -> None:
        caught = signal.sigtimedwait(_SIGNALS, seconds)
        if caught and caught.si_signo in _STOP_SIGNALS:
            raise Stopped

    def _restart_dead(self) -> None:
        for child in [child for group in self.groups for child in group]:
            fate = self.fates[child.name]
            if child.is_running:
                continue
            if fate.start_at is None:
                self._bury(child, fate)
            if fate.start_at is not None and time.monotonic() >= fate.start_at:
                self._start(child)

    def _start(self, child: Child) -> None:
        fate = self.fates.setdefault(child.name, _Fate())
        fate.started_at, fate.start_at = time.monotonic(), None
        child.start()

    def _bury(self, child: Child, fate: "_Fate") -> None:
        """Plan the next start: at once, but later and later for one that keeps dying."""
        is_steady = time.monotonic() - fate.started_at > _STEADY_S
        fate.failures = 0 if is_steady else fate.failures + 1
        delay_s = 0 if fate.failures < 2 else min(2**fate.failures / 4, _LONGEST_DELAY_S)
        fate.start_at = time.monotonic() + delay_s
        child.kill()
        logger.warning(
            "%s ended with code %s and starts again in %.0f s", child.name, child.exit_code, delay_s
        )


@dataclass
class _Fate:
    """How a child has lived so far; `start_at` is set while it waits for its next start."""

    started_at: float = 0
    start_at: float | None = None
    failures: int = 0
