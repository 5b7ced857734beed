"""The environment of the tests, set before Django reads its settings (`pytest -p`).

Each process of a parallel run (pytest-xdist) gets its own Redis database and files;
pytest-django gives it its own PostgreSQL database.
"""

import atexit
import os
import shutil
import tempfile
from urllib.parse import urlsplit

_data = tempfile.mkdtemp(prefix="okienko-tests-")
atexit.register(shutil.rmtree, _data, ignore_errors=True)

os.environ.update(
    {
        "DEBUG": "1",
        "DJANGO_SETTINGS_MODULE": "helpdesk.settings",
        "EMAIL_URL": "memory://",
        "HELPDESK_ALLOW_PRIVATE_HOSTS": "1",
        "HELPDESK_BASE_URL": "http://localhost:8000",
        "HELPDESK_DATA": _data,
        "HELPDESK_DEMO": "0",
        "HELPDESK_FIELD_KEYS": "dGVzdHMtb25seS10ZXN0cy1vbmx5LXRlc3RzLW9ubHk=",
        "HELPDESK_LOG_LEVEL": "WARNING",
        "HELPDESK_TOKEN_KEYS": "tests-only",
        "SECRET_KEY": "tests-only-and-long-enough-for-every-check-that-counts-characters",
    }
)

_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_redis = urlsplit(os.environ.get("REDIS_URL", ""))
if _redis.scheme == "unix":
    _number = int(_redis.query.removeprefix("db=") or 0) + _worker
    os.environ["REDIS_URL"] = f"unix://{_redis.path}?db={_number}"
elif _redis.scheme:
    _number = int(_redis.path.strip("/") or 0) + _worker
    os.environ["REDIS_URL"] = _redis._replace(path=f"/{_number}").geturl()
