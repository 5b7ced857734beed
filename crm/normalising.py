"""One written form for each handle of a customer, so that the same address is found again."""

import re
import unicodedata

import phonenumbers


class NotAnAddress(ValueError):
    """The text is no e-mail address or telephone number."""


def email(address: str) -> str:
    """The form in which addresses are compared: lower case, the domain as A-labels.

    Raises `NotAnAddress` where there is no local part or domain. Source: contracts/email.md 2.
    """
    address = unicodedata.normalize("NFC", address).strip()
    local, at, domain = address.rpartition("@")
    if not at or not local or not domain or re.search(r"[\s\x00-\x1f\x7f]", address):
        raise NotAnAddress(address)
    try:
        ascii_domain = domain.encode("idna").decode("ascii")
    except UnicodeError:
        ascii_domain = domain
    return f"{local}@{ascii_domain}".casefold()[:320]


def phone(number: str, region: str = "PL") -> str:
    """The number in E.164; a national one is read as of `region`. Raises `NotAnAddress`."""
    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException as e:
        raise NotAnAddress(number) from e
    if not phonenumbers.is_possible_number(parsed):
        raise NotAnAddress(number)
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
