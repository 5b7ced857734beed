"""Both services, started where no address of another one is set."""

import os
from pathlib import Path

from helpdesk import installation
from helpdesk.embedded.postgres import Postgres
from helpdesk.embedded.redis import Redis
from helpdesk.running.account import own_folder, service_account
from helpdesk.running.supervisor import Supervisor


def start_services(supervisor: Supervisor, data: Path, *, is_throwaway: bool = False) -> None:
    """Start the embedded PostgreSQL and Redis, each where no address of another is set."""
    account = service_account()
    sockets = installation.socket_dir(data)
    own_folder(sockets, account)
    if not os.environ.get("DATABASE_URL"):
        postgres = Postgres(data, sockets, account, is_throwaway)
        postgres.make()
        supervisor.start(postgres.child())
        supervisor.wait_until(
            postgres.answers,
            seconds=120,
            failure=f"The database does not start: see {postgres.log}.",
        )
        postgres.make_database()
    if not os.environ.get("REDIS_URL"):
        redis = Redis(data, sockets, account)
        supervisor.start(redis.child())
        supervisor.wait_until(
            redis.answers, seconds=60, failure=f"Redis does not start: see {redis.log}."
        )
