"""Signing in with a second factor, as a person does it."""

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from playwright.sync_api import Page, expect

from accounts import inviting
from accounts.models import Role, User
from tests.factories import make_user

PASSWORD = "correct horse battery"


@pytest.fixture
def agent(transactional_db: None) -> User:
    return make_user(email="ola@example.com", name="Ola Wójcik", language="en")


def _sign_in(page: Page, live_server: Any, email: str, password: str = PASSWORD) -> None:
    page.goto(f"{live_server.url}/accounts/login/?next=/settings/profile/")
    page.locator("[name=login]").fill(email)
    page.locator("[name=password]").fill(password)
    page.locator("main button").click()


def _code(secret: str) -> str:
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30)))


def test_second_factor_is_turned_on_and_asked_for(
    page: Page,
    live_server: Any,
    agent: User,
    quiet: list[str],
    hold_to_axe: Callable[[], None],
) -> None:
    _sign_in(page, live_server, agent.email, "wrong")
    expect(page.get_by_role("alert")).to_be_visible()
    hold_to_axe()
    _sign_in(page, live_server, agent.email)
    expect(page.get_by_role("heading", name="My account", level=1)).to_be_visible()
    hold_to_axe()

    page.get_by_role("link", name="Turn on the second step").click()
    page.locator("[name=password]").fill(PASSWORD)  # once more, before access is changed
    hold_to_axe()
    page.get_by_role("button", name="Confirm").click()
    secret = page.locator(".copy code").inner_text()
    hold_to_axe()
    page.locator("[name=code]").fill(_code(secret))
    page.get_by_role("button", name="Turn on").click()
    expect(page.locator(".codes li")).to_have_count(10)
    recovery_code = page.locator(".codes li").first.inner_text()
    hold_to_axe()

    page.context.clear_cookies()
    _sign_in(page, live_server, agent.email)
    expect(page.get_by_role("heading", name=re.compile("Second step|Drugi krok"))).to_be_visible()
    hold_to_axe()
    page.goto(f"{live_server.url}/settings/profile/")
    expect(page).to_have_url(re.compile("/accounts/login/|/accounts/2fa/"))
    page.goto(f"{live_server.url}/accounts/2fa/authenticate/")
    page.locator("[name=code]").fill(recovery_code)
    page.locator("main button").click()
    expect(page).not_to_have_url(re.compile("/accounts/2fa/"))
    page.goto(f"{live_server.url}/settings/profile/")
    expect(page.get_by_role("heading", name="My account", level=1)).to_be_visible()


def test_invited_person_sets_a_password_and_signs_in(
    page: Page,
    live_server: Any,
    quiet: list[str],
    hold_to_axe: Callable[[], None],
    transactional_db: None,
) -> None:
    _invitation, link = inviting.invite("jan@example.com", role=Role.AGENT, by=None)
    page.set_viewport_size({"width": 360, "height": 740})

    page.goto(link.replace("http://localhost:8000", live_server.url))
    hold_to_axe()
    page.locator("[name=name]").fill("Jan Nowak")
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("main button").click()
    _sign_in(page, live_server, "jan@example.com")

    expect(page).to_have_url(f"{live_server.url}/settings/profile/")
    assert page.evaluate("document.documentElement.scrollWidth") == 360
