"""One process that the supervisor starts, watches and ends."""

import ctypes
import os
import signal
import sys
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from setproctitle import setproctitle

from helpdesk.running.account import Account

_LARGEST_LOG_BYTES = 10 * 1024 * 1024
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)
_releases: list[Callable[[], None]] = []


@dataclass
class Child:
    """A copy of this process that runs `main`.

    Copying what is loaded already makes it start at once and share most of its memory. It gets
    a session of its own, so that Ctrl-C reaches the supervisor alone.
    """

    name: str
    main: Callable[[], None]
    account: Account | None = None
    output: Path | int | None = None
    before_start: Callable[[], None] | None = None
    # Gives up what the supervisor holds open for this child: when it ends, and in other children.
    release: Callable[[], None] | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    # Sent by the kernel when the supervisor was killed and could not end its children.
    death_signal: signal.Signals = signal.SIGKILL
    pid: int = field(default=0, init=False)
    exit_code: int | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        if self.release:
            _releases.append(self.release)

    def start(self) -> None:
        if self.before_start:
            self.before_start()
        self.exit_code = None
        sys.stdout.flush()
        sys.stderr.flush()
        parent = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            self._become(parent)

    @property
    def is_running(self) -> bool:
        if self.pid and self.exit_code is None:
            ended, status = os.waitpid(self.pid, os.WNOHANG)
            if ended:
                self.exit_code = os.waitstatus_to_exitcode(status)
        return bool(self.pid) and self.exit_code is None

    def stop(self) -> None:
        if self.release:
            self.release()
        if self.is_running:
            os.kill(self.pid, self.stop_signal)

    def kill(self) -> None:
        """End what is left of it, its own children included."""
        if not self.pid:
            return
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        if self.exit_code is None:
            _pid, status = os.waitpid(self.pid, 0)
            self.exit_code = os.waitstatus_to_exitcode(status)

    def _become(self, parent: int) -> NoReturn:
        code = 1
        try:
            os.setsid()
            self._release_others()
            self._redirect()
            if self.account:
                self.account.become()  # clears what the next line sets, so it comes first
            end_with_parent(self.death_signal)
            if os.getppid() != parent:
                os._exit(1)
            setproctitle(f"okienko: {self.name}")
            signal.pthread_sigmask(signal.SIG_SETMASK, [])
            self.main()
            code = 0
        except SystemExit as stop:
            if isinstance(stop.code, str):
                sys.stderr.write(stop.code + "\n")
            code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def _release_others(self) -> None:
        """A socket that others hold open as well takes requests that nobody will answer."""
        for release in _releases:
            if release != self.release:
                release()

    def _redirect(self) -> None:
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        if isinstance(self.output, int):
            os.dup2(self.output, 1)
        elif self.output:
            log = _open_log(self.output)
            os.dup2(log, 1)
            os.dup2(log, 2)


def end_with_parent(death_signal: signal.Signals) -> None:
    """Have the kernel send this process a signal when the one that started it is gone."""
    _libc.prctl(_PR_SET_PDEATHSIG, death_signal)


def program(command: list[str], env: Mapping[str, str] | None = None) -> Callable[[], None]:
    """A `main` that turns the process into another program."""
    environment = {**os.environ, **(env or {})}
    return lambda: os.execvpe(command[0], command, environment)  # noqa: S606 (none is wanted)


def _open_log(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    if path.exists() and path.stat().st_size > _LARGEST_LOG_BYTES:
        flags |= os.O_TRUNC
    return os.open(path, flags, 0o600)
