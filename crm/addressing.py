"""How one addresses a customer in a letter."""

from crm.models import Customer
from helpdesk import morphology

_TITLES = {"f": "Pani", "m": "Panie"}


def salutation(customer: Customer) -> str:
    """`Pani Katarzyno`, `Panie Marku`; empty where that cannot be said with certainty.

    What an agent wrote as the form of address wins.
    """
    if customer.form_of_address:
        return customer.form_of_address
    if customer.language not in {"", "pl"}:
        return ""
    found = morphology.vocative(first_name(customer))
    if found is None:
        return ""
    form, gender = found
    return f"{_TITLES[gender]} {form}"


def first_name(customer: Customer) -> str:
    """The known first name, else the first word of a name of two or three words."""
    words = customer.name.split()
    guessed = words[0] if len(words) in {2, 3} else ""
    return customer.first_name or guessed
