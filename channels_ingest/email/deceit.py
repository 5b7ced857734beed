"""Signs that a sender wants to be taken for somebody else; shown to the agent, never decided upon.

Marks that reverse the reading order are taken out of names before (`addresses`, `filenames`), and
a link that shows another address than its own is named where the mail is drawn (`inbox.mailbody`).
"""

import re
import unicodedata

import idna

from channels_ingest.email.addresses import Address

_ADDRESS = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
# Letters of other scripts that are drawn like Latin ones.
_LOOKALIKES = frozenset("абвгдеѕіјӏкмнопрстухһԁԛԝьѵαβγεικνορτυχω")
_SCRIPTS = ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN")


def address_in_name(sender: Address) -> str:
    """Another address that the sender's name shows: `"bank@example.com" <x@example.org>`."""
    found = _ADDRESS.search(sender.name)
    if found is None or found[0].lower() in sender.email.lower():
        return ""
    return found[0]


def plain_domain(sender: Address) -> str:
    """The ASCII form of a domain whose letters look like those of another; '' for ordinary ones."""
    labels = [_unicode(label) for label in sender.domain.split(".")]
    return sender.domain if any(map(_is_lookalike, labels)) else ""


def _unicode(label: str) -> str:
    try:
        return idna.decode(label) if label.startswith("xn--") else label
    except (idna.IDNAError, UnicodeError):
        return label


def _is_lookalike(label: str) -> bool:
    """Letters of several scripts in one word, or foreign ones that all look like Latin."""
    letters = [letter for letter in label if letter.isalpha()]
    scripts = {_script(letter) for letter in letters}
    if len(scripts & set(_SCRIPTS)) > 1:
        return True
    return bool(scripts & {"CYRILLIC", "GREEK"}) and _LOOKALIKES.issuperset(letters)


def _script(letter: str) -> str:
    return unicodedata.name(letter, "").partition(" ")[0]
