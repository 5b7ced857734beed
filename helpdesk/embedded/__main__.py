"""`python -m helpdesk.embedded COMMAND ...`: run a command with services that last as long.

For tests: an empty PostgreSQL and Redis in a temporary folder, in DATABASE_URL and REDIS_URL
where those are not set already, and keys that nobody uses again.
"""

import logging
import os
import shutil
import sys
import tempfile
from pathlib import Path

from helpdesk import installation
from helpdesk.embedded.services import start_services
from helpdesk.running import Problem
from helpdesk.running.child import Child, program
from helpdesk.running.supervisor import Stopped, Supervisor


def main(command: list[str]) -> int:
    logging.basicConfig(format="%(message)s", level=logging.INFO)
    data = Path(tempfile.mkdtemp(prefix="okienko-"))
    data.chmod(0o755)  # the services' user goes through it
    supervisor = Supervisor()
    try:
        start_services(supervisor, data, is_throwaway=True)
        sockets = installation.socket_dir(data)
        os.environ.setdefault("DATABASE_URL", f"postgresql://okienko@/okienko?host={sockets}")
        os.environ.setdefault("REDIS_URL", f"unix://{sockets}/redis.sock?db=0")
        for name, random_key in installation.KEYS.items():
            os.environ.setdefault(name, random_key())
        return supervisor.finish(Child("command", program(command)))
    except Stopped:
        return 130
    except Problem as problem:
        sys.exit(str(problem))
    finally:
        supervisor.end()
        shutil.rmtree(data, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
