"""The embedded Redis. It keeps nothing: whatever must not be lost is in PostgreSQL."""

import socket
from dataclasses import dataclass
from pathlib import Path

from helpdesk.embedded import programs
from helpdesk.running.account import Account
from helpdesk.running.child import Child, program

_OPTIONS = (
    "--port 0 --unixsocketperm 700 --appendonly no --databases 32 "
    "--maxmemory 256mb --maxmemory-policy noeviction"
)


@dataclass(frozen=True)
class Redis:
    data: Path
    sockets: Path
    account: Account | None

    @property
    def socket_file(self) -> Path:
        return self.sockets / "redis.sock"

    @property
    def log(self) -> Path:
        return self.data / "log" / "redis.log"

    def child(self) -> Child:
        server = programs.redis_server(self.data, self.account)
        return Child(
            "redis",
            program(
                [
                    str(server),
                    "--save",
                    "",
                    *_OPTIONS.split(),
                    "--unixsocket",
                    str(self.socket_file),
                ]
            ),
            account=self.account,
            output=self.log,
        )

    def answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(1)
            try:
                connection.connect(str(self.socket_file))
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
            except OSError:
                return False
