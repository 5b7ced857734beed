"""The embedded PostgreSQL: made on the first start, reached by a socket file only."""

import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from helpdesk.embedded import programs
from helpdesk.running import Problem
from helpdesk.running.account import Account, as_user, own_folder
from helpdesk.running.child import Child, program

NAME = "okienko"
MAJOR = "18"

_OPTIONS = {
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "random_page_cost": "1.1",
    "max_wal_size": "2GB",
    "jit": "off",
    "log_min_messages": "warning",
    "timezone": "UTC",
}
# For data that nobody misses after a crash: those of tests.
THROWAWAY_OPTIONS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True)
class Postgres:
    data: Path
    sockets: Path
    account: Account | None
    is_throwaway: bool = False

    @property
    def cluster(self) -> Path:
        return self.data / "postgresql"

    @property
    def log(self) -> Path:
        return self.data / "log" / "postgresql.log"

    @property
    def programs(self) -> Path:
        return programs.postgres_folder(self.data, self.account)

    def child(self) -> Child:
        options = _OPTIONS | {"unix_socket_directories": str(self.sockets)}
        if self.is_throwaway:
            options |= THROWAWAY_OPTIONS
        settings = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
        return Child(
            "database",
            program(
                [str(self.programs / "bin" / "postgres"), "-D", str(self.cluster), *settings],
                programs.postgres_environment(self.programs),
            ),
            account=self.account,
            output=self.log,
            before_start=self._end_leftover,
            stop_signal=signal.SIGINT,  # "fast": clients are cut off, nothing is lost
            death_signal=signal.SIGINT,
        )

    def make(self) -> None:
        """Make the cluster on the first start; an interrupted try leaves nothing behind."""
        if (version := self._version()) not in {"", MAJOR}:
            raise Problem(
                f"The data in {self.cluster} were made by PostgreSQL {version}, this is {MAJOR}: "
                "docs/operations.md says how to move them."
            )
        if version == MAJOR:
            return
        unfinished = self.data / "postgresql.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        own_folder(unfinished, self.account)
        options = (
            f"--username={NAME} --auth=trust --encoding=UTF8 --locale=C --no-instructions "
            "--locale-provider=builtin --builtin-locale=C.UTF-8"
        )
        self._run(["initdb", "-D", str(unfinished), *options.split()])
        unfinished.rename(self.cluster)

    def answers(self) -> bool:
        return self._start(["pg_isready", "-q", "-h", str(self.sockets)]).returncode == 0

    def make_database(self) -> None:
        exists = "SELECT count(*) FROM pg_database WHERE datname = 'okienko'"
        query = ["psql", "-h", str(self.sockets), "-U", NAME, "-d", "postgres", "-At", "-c", exists]
        if self._run(query).stdout.strip() == "0":
            self._run(["createdb", "-h", str(self.sockets), "-U", NAME, NAME])

    def _version(self) -> str:
        try:
            return (self.cluster / "PG_VERSION").read_text().strip()
        except FileNotFoundError:
            return ""

    def _end_leftover(self) -> None:
        """End the server of a run that was killed, and forget its lock if it is dead.

        We hold the folder's lock, so whoever else serves these data is such a leftover.
        """
        lock = self.cluster / "postmaster.pid"
        try:
            pid = int(lock.read_text().split()[0])
        except (FileNotFoundError, IndexError, ValueError):
            lock.unlink(missing_ok=True)
            return
        for stop_signal in (signal.SIGINT, signal.SIGQUIT):
            deadline = time.monotonic() + 10
            while self._serves_us(pid) and time.monotonic() < deadline:
                with suppress(ProcessLookupError):
                    os.kill(pid, stop_signal)
                time.sleep(0.2)
        lock.unlink(missing_ok=True)

    def _serves_us(self, pid: int) -> bool:
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError):
            return False
        return os.fsencode(self.cluster) in command

    def _run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        done = self._start(command)
        if done.returncode != 0:
            raise Problem(f"{command[0]} failed: {done.stderr.strip() or done.stdout.strip()}")
        return done

    def _start(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.programs / "bin" / command[0]), *command[1:]],
            env={"PATH": os.defpath, **programs.postgres_environment(self.programs)},
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
            **as_user(self.account),
        )
