"""A real browser on a real server; pages are held to axe and to a quiet console."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import ConsoleMessage, Page

AXE = Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js"

# Playwright keeps an event loop in the thread of the test, which uses the database as well.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    return {
        **browser_type_launch_args,
        "executable_path": shutil.which("chromium"),
        "args": ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
    }


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    return {**browser_context_args, "locale": "pl-PL", "timezone_id": "Europe/Warsaw"}


@pytest.fixture
def quiet(page: Page) -> Iterator[list[str]]:
    """What the console complained of; nothing, at the end of the test."""
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        # A refused form is answered with 422 on purpose; the browser logs that.
        if message.type == "error" and "422" not in message.text:
            complaints.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield complaints
    assert complaints == []


@pytest.fixture
def hold_to_axe(page: Page) -> Callable[[], None]:
    """Fail when axe finds something serious or critical on the page as it is now."""

    def check() -> None:
        page.evaluate(AXE.read_text(encoding="utf-8"))
        found = page.evaluate("axe.run().then(result => result.violations)")
        grave = [
            (each["id"], [node["target"] for node in each["nodes"]])
            for each in found
            if each["impact"] in {"serious", "critical"}
        ]
        assert grave == [], page.url

    return check
