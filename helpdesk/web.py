"""One web server process, on a listening socket that the supervisor keeps open for all of them.

uvicorn is told everything here: its own command line would bring its own log format, and
believe the proxy headers that `helpdesk.proxies` judges.
"""

import asyncio
import socket
import warnings

import uvicorn
from django.conf import settings

# Requests that are under way when it ends may take so long.
_GRACE_S = 20
# Who is connected when it ends may still send a request.
_LAST_REQUESTS_S = 0.5


def serve(listening: socket.socket) -> None:
    # WhiteNoise sends files in blocks from the page cache; a thread for each would cost more.
    warnings.filterwarnings("ignore", "StreamingHttpResponse must consume synchronous iterators")
    database = settings.DATABASES["default"]
    database["CONN_MAX_AGE"] = 0  # connections go back to the pool
    database["OPTIONS"] |= settings.WEB_DATABASE_OPTIONS
    config = uvicorn.Config(
        "helpdesk.asgi:application",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        lifespan="off",
        timeout_graceful_shutdown=_GRACE_S,
        ws_max_size=256 * 1024,
    )
    _Server(config).run(sockets=[listening])


class _Server(uvicorn.Server):
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take nobody new, hear out those who are connected, then end as uvicorn does.

        Its own way cuts off a connection whose request is on the line but not read yet.
        """
        for server in self.servers:
            server.close()
        await asyncio.sleep(_LAST_REQUESTS_S)
        await super().shutdown(sockets)
