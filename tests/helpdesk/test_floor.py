"""The floor that a deployment stands on, as an outsider sees it over HTTPS."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests.helpdesk.test_settings import CHECKOUT, KEYS

_ASK = """
import django, json
from django.conf import settings
storage = "django.contrib.staticfiles.storage.StaticFilesStorage"  # nothing was collected here
settings.STORAGES["staticfiles"]["BACKEND"] = storage
django.setup()
from django.test import Client
from django.db import connection
client = Client(headers={"Host": "helpdesk.example.com"})
def seen(path, **how):
    answer = client.get(path, **how)
    cookies = {name: str(morsel) for name, morsel in answer.cookies.items()}
    return {"status": answer.status_code, "headers": dict(answer.headers), "cookies": cookies}
print(json.dumps({
    "plain": seen("/accounts/login/"),
    "secure": seen("/accounts/login/", secure=True),
    "contact": seen("/.well-known/security.txt", secure=True),
    "health": seen("/healthz"),
}))
"""


@pytest.fixture(scope="module")
def floor() -> Any:
    """What a process with the settings of production answers."""
    environment = {
        **os.environ,
        **KEYS,
        "DEBUG": "0",
        "HELPDESK_BASE_URL": "https://helpdesk.example.com",
        "HELPDESK_SECURITY_CONTACT": "mailto:security@example.com",
        "DJANGO_SETTINGS_MODULE": "helpdesk.settings",
    }
    done = subprocess.run(
        [sys.executable, "-c", _ASK],
        cwd=CHECKOUT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_plain_http_leads_to_https(floor: Any) -> None:
    assert floor["plain"]["status"] == 301
    assert floor["plain"]["headers"]["Location"] == "https://helpdesk.example.com/accounts/login/"
    assert floor["health"]["status"] == 200


def test_headers_of_every_page(floor: Any) -> None:
    headers = floor["secure"]["headers"]

    assert headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["X-Frame-Options"] == "DENY"
    assert "camera=()" in headers["Permissions-Policy"]
    assert "no-store" in headers["Cache-Control"]
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "require-trusted-types-for 'script'" in policy
    assert "unsafe" not in policy
    assert "*" not in policy
    assert "Server" not in headers
    assert "X-Powered-By" not in headers


def test_cookies_are_of_this_host_alone(floor: Any) -> None:
    [(name, cookie)] = floor["secure"]["cookies"].items()

    assert name == "__Host-csrf"
    for word in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert word in cookie
    assert "Domain" not in cookie


def test_finders_of_holes_are_told_whom_to_write(floor: Any) -> None:
    assert floor["contact"]["status"] == 200
