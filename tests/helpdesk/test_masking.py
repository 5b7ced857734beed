"""PESEL, cards and accounts are covered; telephones, parcels and order numbers are not."""

import pytest

from helpdesk.masking import masked


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("PESEL 44051401359.", "PESEL •••••••••••."),
        ("44051401359 600123456", "••••••••••• 600123456"),
        (
            "konto PL61 1090 1014 0000 0712 1981 2874",
            "konto PL•• •••• •••• •••• •••• •••• 2874",
        ),
        ("nr:61109010140000071219812874", "nr:••••••••••••••••••••••2874"),
        ("DE89370400440532013000", "DE••••••••••••••••3000"),
        ("karta 4111-1111-1111-1111, CVV", "karta ••••-••••-••••-1111, CVV"),
    ],
)
def test_is_covered(text, shown):
    assert masked(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "",
        "44051401358",  # wrong check digit
        "44053101350",  # no such day
        "tel. +48 600 123 456",
        "paczka 600000000000000000000001",
        "EAN 5900000000015",
        "NIP 123-456-32-18",
        "zamówienie 2026/11/0042 z 22.11.2026",
        "https://example.com/?id=4111111111111111",
        "PL61109010140000071219812875",
    ],
)
def test_is_left(text):
    assert masked(text) == text
