"""Reply addresses prove possession of our mail, for one mailbox and one ticket."""

import pytest

from tickets import tokens

MAILBOX = "pomoc@sklep.example.pl"
# The test vector of the reply-address scheme.
ADDRESS = "pomoc+tc7k2m9.alock5krwpbpivnl@sklep.example.pl"


@pytest.fixture(autouse=True)
def keys(settings):
    settings.HELPDESK_TOKEN_KEYS = ["test-reply-token-key-not-real"]


def test_scheme_matches_its_test_vector():
    assert tokens.reply_address(MAILBOX, "c7k2m9") == ADDRESS
    assert tokens.ref_in(ADDRESS, MAILBOX) == "c7k2m9"


def test_case_of_the_address_does_not_matter():
    assert tokens.ref_in(ADDRESS.upper(), MAILBOX) == "c7k2m9"


@pytest.mark.parametrize(
    "address",
    [
        "pomoc+tc7k2m9.alock5krwpbpivnm@sklep.example.pl",
        "pomoc+tc7k2m8.alock5krwpbpivnl@sklep.example.pl",
        "inna+tc7k2m9.alock5krwpbpivnl@sklep.example.pl",
        "pomoc+tc7k2m9.alock5krwpbpivnl@evil.example.com",
        "pomoc@sklep.example.pl",
        "pomoc+tc7k2m9.@sklep.example.pl",
        "",
        "@",
    ],
)
def test_forged_or_foreign_address_names_nothing(address):
    assert tokens.ref_in(address, MAILBOX) is None


def test_old_key_still_reads_after_a_rotation(settings):
    settings.HELPDESK_TOKEN_KEYS = ["new", "test-reply-token-key-not-real"]

    assert tokens.ref_in(ADDRESS, MAILBOX) == "c7k2m9"
    assert tokens.reply_address(MAILBOX, "c7k2m9") != ADDRESS
