"""Settings as other processes read them: a wrong value stops with the variable's name."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
KEYS = {
    "SECRET_KEY": "for-tests",
    "HELPDESK_FIELD_KEYS": "dGVzdHMtb25seS10ZXN0cy1vbmx5LXRlc3RzLW9ubHk=",
    "HELPDESK_TOKEN_KEYS": "for-tests",
}


def read(name: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Print one setting in a process with nothing but these variables."""
    return subprocess.run(
        [sys.executable, "-c", f"from helpdesk import settings; print(settings.{name})"],
        cwd=CHECKOUT,
        env={"PATH": os.environ["PATH"], "HELPDESK_DATA": "/nonexistent", **env},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("name", KEYS)
def test_no_start_without_keys(name: str) -> None:
    done = read("DEBUG", **{key: value for key, value in KEYS.items() if key != name})

    assert done.returncode != 0
    assert f'"{name}" is not set: `make run` makes it' in done.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEBUG", "perhaps"),
        ("HELPDESK_BASE_URL", "helpdesk.example.com"),
        ("HELPDESK_BASE_URL", "https://example.com/helpdesk"),
        ("HELPDESK_TRUSTED_PROXIES", "10.0.0.0/99"),
        ("HELPDESK_FIELD_KEYS", "too-short"),
        ("HELPDESK_DATABASE_POOL", "many"),
        ("EMAIL_URL", "mail.example.com"),
        ("HELPDESK_LOG_FORMAT", "xml"),
        ("HELPDESK_SECOND_FACTOR_ROLES", "boss"),
    ],
)
def test_wrong_value_is_named(name: str, value: str) -> None:
    done = read("DEBUG", **{**KEYS, name: value})

    assert done.returncode != 0
    assert f'Environment variable "{name}" invalid' in done.stderr


def test_demo_mode_needs_the_embedded_database() -> None:
    done = read("DEMO", **KEYS, HELPDESK_DEMO="1", DATABASE_URL="postgresql://u@db/helpdesk")

    assert 'Environment variable "HELPDESK_DEMO" invalid' in done.stderr
    assert read("DEMO", **KEYS, HELPDESK_DEMO="1").stdout == "True\n"
    assert read("DEMO", **KEYS).stdout == "False\n"


def test_secret_is_read_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("from-a-file\n")

    done = read("SECRET_KEY", **{**KEYS, "SECRET_KEY_FILE": str(secret)})

    assert done.stdout == "from-a-file\n"


def test_https_switches_on_what_needs_it() -> None:
    https = {**KEYS, "HELPDESK_BASE_URL": "https://helpdesk.example.com"}

    assert read("SESSION_COOKIE_NAME", **https).stdout == "__Host-session\n"
    assert read("SECURE_HSTS_SECONDS", **https).stdout == "31536000\n"
    assert read("SECURE_HSTS_SECONDS", **KEYS).stdout == "0\n"
    assert "helpdesk.example.com" in read("ALLOWED_HOSTS", **https).stdout
