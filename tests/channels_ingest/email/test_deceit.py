"""X7: names, domains and files that want to be taken for others are shown for what they are."""

import pytest
from django.test import Client
from django.urls import reverse

from channels_ingest.email.addresses import Address
from channels_ingest.email.deceit import address_in_name, plain_domain
from tests.channels_ingest.email.conftest import letter, message_of
from tests.factories import make_user


@pytest.mark.parametrize(
    ("name", "email", "wanted"),
    [
        ("bank@example.com", "x@zly.example.org", "bank@example.com"),
        ("Anna (anna@example.com)", "x@zly.example.org", "anna@example.com"),
        ("anna@example.com", "Anna@example.com", ""),
        ("Anna Testowa", "x@zly.example.org", ""),
    ],
)
def test_x7_address_in_a_name(name, email, wanted):
    assert address_in_name(Address(name, email)) == wanted


@pytest.mark.parametrize(
    ("domain", "wanted"),
    [
        ("аllegro.pl", "xn--llegro-2nf.pl"),  # its first letter is Cyrillic
        ("xn--llegro-2nf.pl", "xn--llegro-2nf.pl"),
        ("сосо.com", "xn--n1aal.com"),
        ("żółw.pl", ""),
        ("почта.рф", ""),
        ("example.com", ""),
        ("日本.jp", ""),
        ("xn--.com", ""),
    ],
)
def test_x7_domain_of_look_alikes(domain, wanted):
    found = plain_domain(Address("", f"a@{domain}"))

    assert bool(found) == bool(wanted)
    assert found.isascii()


@pytest.mark.django_db
def test_x7_what_deceives_is_named_in_the_thread(feed, client: Client):
    raw = letter(
        sender='"bank@example.com\u202e" <a@аllegro.pl>',
        reply_to="inny@example.org",
        subject="Faktura \u202egpj.exe",
    )
    message = message_of(feed(raw))
    client.force_login(make_user("admin"))

    page = client.get(reverse("inbox:ticket", args=[message.ticket.number])).content.decode()

    assert page.count('class="message__warning"') == 3
    assert "xn--llegro" in page
    assert "a@аllegro.pl" in page
    assert "\u202e" not in page
