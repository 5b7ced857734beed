"""What the workspace's templates draw: moments, texts of messages, places of rows."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache

from django import template
from django.template import Context
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import escape, format_html, urlize
from django.utils.safestring import SafeString, mark_safe

from crm import parcels
from crm.parcels import Parcel
from helpdesk import masking
from helpdesk.money import quantity
from helpdesk.money import shown as shown_money
from inbox import folders, mailbody
from inbox.folders import Folder
from tickets import sniffing
from tickets.models import Attachment, Message

register = template.Library()

_PARAGRAPH = re.compile(r"\n{2,}")
# More of one message is shown on request; no page is to be made of a megabyte of text.
_MOST_CHARACTERS = 30_000

register.filter("masked", masking.masked)
register.filter("quantity", quantity)
register.filter(mailbody.needs_frame)
register.filter(mailbody.has_remote_images)


@register.simple_tag
def moment(at: datetime | None, form: str = "ago") -> SafeString:
    """A moment; the browser writes it as `ago` (4 min), `short` (22 Nov, 14:05) or `left`."""
    if at is None:
        return SafeString("")
    local = timezone.localtime(at)
    return format_html(
        '<time datetime="{}" data-form="{}">{}</time>',
        at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        form,
        f"{local:%Y-%m-%d %H:%M}",
    )


@register.filter
def iso(at: datetime | None) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else ""


@register.filter
def said(text: str) -> SafeString:
    """Plain text as paragraphs, with its addresses as links that open apart."""
    shown = escape(masking.masked(text[:_MOST_CHARACTERS].strip()))
    linked = urlize(shown, nofollow=True).replace("<a ", '<a target="_blank" ')
    paragraphs = _PARAGRAPH.split(linked)
    # Escaped above; urlize adds links to http(s) and mail addresses alone.
    return mark_safe("".join(f"<p>{part.replace(chr(10), '<br>')}</p>" for part in paragraphs))  # noqa: S308


@register.filter
def hides_numbers(message: Message) -> bool:
    """Whether the message holds numbers that are covered where it is shown."""
    return (
        masking.masked(message.body_text[:_MOST_CHARACTERS]) != message.body_text[:_MOST_CHARACTERS]
    )


@register.filter
def parcels_in(message: Message) -> list[Parcel]:
    """Parcels that a message names beyond doubt."""
    return [] if message.removed_at else parcels.recognised(new_part(message))


@register.simple_tag
def money(amount: Decimal, currency: str) -> str:
    return shown_money(amount, currency)


@register.filter
def new_part(message: Message) -> str:
    """What is new in a message; everything where nothing was recognised as quoted."""
    return message.reply_text or message.body_text


@register.filter
def quoted_part(message: Message) -> str:
    """What a message quotes (history, signature) besides what is new in it."""
    whole, new = message.body_text.strip(), message.reply_text.strip()
    if not new or whole == new:
        return ""
    return whole.removeprefix(new).strip()


@register.filter
def is_picture(file: Attachment) -> bool:
    return file.content_type in sniffing.INLINE_TYPES and file.state == Attachment.State.STORED


@register.simple_tag(takes_context=True)
def folder_link(context: Context, folder: Folder) -> SafeString:
    """The link to a view in the sidebar, with its counter where the page has counted."""
    chosen = context["folder"].key == folder.key and not context.get("search")
    count = _capped((context.get("counts") or {}).get(folder.key, 0))
    return _folder_link(folder.key, str(folder.label), folder.icon, chosen, count)


# A page has some twenty, and few of them change; nothing but these values goes in.
@lru_cache(maxsize=2_000)
def _folder_link(key: str, label: str, icon: str, current: bool, count: str) -> SafeString:
    shown = {"key": key, "label": label, "icon": icon, "current": current, "count": count}
    return SafeString(render_to_string("inbox/_folder.html", shown))


def _capped(count: int) -> str:
    """Nothing for none, 99+ for many."""
    if not count:
        return ""
    return f"{folders.MOST_COUNTED}+" if count > folders.MOST_COUNTED else str(count)
