"""A mail's HTML as its frame shows it: pictures in place or held back, quotes folded.

The HTML was sanitised when it was stored (`tickets.html`), so its tags are well formed and its
attributes quoted; nothing here makes unsafe HTML safe.
"""

import re
from html import unescape
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.core import signing
from django.urls import reverse
from django.utils.html import escape
from django.utils.translation import gettext as _

from helpdesk.masking import masked
from tickets.html import show_remote_images
from tickets.models import Message

# What the sanitiser set aside: a part of the mail itself, and what would come from elsewhere.
_PART = re.compile(r' data-cid="([^"]*)"')
# With its quote: inside a value there can be none, so that this is never a part of somebody's text.
_REMOTE = ' data-remote-src="'
# What is said between tags.
_SAID = re.compile(r"(?<=>)[^<]*\d[^<]*(?=<)")
_QUOTE = re.compile(r"<(/?)blockquote\b[^>]*>", re.IGNORECASE)
_LINK = re.compile(
    r'<a\b[^>]*?\shref="(https?://[^"]*)"[^>]*>((?:(?!</a>).){0,500})</a>',
    re.IGNORECASE | re.DOTALL,
)
_TAG = re.compile(r"<[^>]*>")
_ADDRESS = re.compile(
    r"\s*(?:https?://)?((?:[\w-]+\.)+[a-z]{2,})(?:[/?#:]\S*)?\s*\Z", re.IGNORECASE
)
# Formatting that text alone would lose; without any of it the text is shown, which needs no frame.
_FORMATTED = re.compile(
    r"<(?:img|table|ul|ol|h[1-6]|pre|b|strong|i|em|u|font|center|hr|a)\b|\sstyle=", re.IGNORECASE
)
# A picture of nothing, so that a missing one does not show as broken.
_NOTHING = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"


def needs_frame(message: Message) -> bool:
    """Whether the mail has formatting; else its text shows all of it."""
    return bool(message.body_html) and bool(_FORMATTED.search(message.body_html))


def has_remote_images(message: Message) -> bool:
    return _REMOTE in message.body_html


def framed(message: Message, *, images: bool) -> str:
    """The HTML of the frame's body. `images`: the agent asked for the remote ones."""
    inline = {
        file.content_id.strip("<>").lower(): reverse("inbox:attachment", args=[file.public_id])
        for file in message.attachments.all()
        if file.content_id
    }

    def placed(match: re.Match[str]) -> str:
        address = inline.get(unescape(match.group(1)).lower())
        return f' src="{address}?inline"' if address else f' src="{_NOTHING}"'

    html = _PART.sub(placed, message.body_html)
    if images:
        html = show_remote_images(html, lambda url: proxied(message, url))
    else:
        html = html.replace(_REMOTE, f' src="{_NOTHING}"{_REMOTE}')
    html = _SAID.sub(lambda said: masked(said.group()), html)
    return _fold_quotes(_LINK.sub(_with_true_host, html))


def proxied(message: Message, url: str) -> str:
    """The address under which our proxy fetches this picture for this message alone."""
    path = reverse("inbox:message-image", args=[message.public_id])
    return f"{path}?{urlencode({'u': _signer(message).sign(url)})}"


def proxied_url(message: Message, signed: str) -> str:
    """The picture's own address. Raises `signing.BadSignature` for one that we did not make."""
    return _signer(message).unsign(signed)


def _signer(message: Message) -> signing.Signer:
    key, *old = settings.HELPDESK_TOKEN_KEYS
    return signing.Signer(key=key, fallback_keys=[*old], salt=f"inbox.image.{message.public_id}")


def _with_true_host(match: re.Match[str]) -> str:
    """A link whose text names another place than it goes to says where it goes."""
    href, text = unescape(match.group(1)), unescape(_TAG.sub("", match.group(2)))
    said, host = _ADDRESS.match(text), urlsplit(href).hostname or ""
    if said is None or _same_place(said.group(1).lower(), host):
        return match.group(0)
    warning = _("leads to %(host)s") % {"host": host}
    return f'{match.group(0)} <span class="true-host">({escape(warning)})</span>'


def _same_place(said: str, host: str) -> bool:
    said, host = said.removeprefix("www."), host.removeprefix("www.")
    return host == said or host.endswith(f".{said}")


def _fold_quotes(html: str) -> str:
    """Put each outermost quote behind "…", which opens without any script."""
    parts, depth, begin, end = [], 0, 0, 0
    for tag in _QUOTE.finditer(html):
        if not tag.group(1):
            if depth == 0:
                begin = tag.start()
            depth += 1
        elif depth:
            depth -= 1
            if depth == 0:
                parts += [html[end:begin], _folded(html[begin : tag.end()])]
                end = tag.end()
    return "".join([*parts, html[end:]])


def _folded(quote: str) -> str:
    label = escape(_("Quoted text"))
    return f'<details><summary title="{label}">•••</summary>{quote}</details>'
