"""How a message is cut into provider calls: long text at paragraphs, files each on their own."""

from dataclasses import dataclass

from tickets.kinds import Capabilities
from tickets.models import Attachment, Message


@dataclass(frozen=True)
class Part:
    """One provider call: a text, a file, or (where the channel takes all at once) both."""

    text: str = ""
    attachments: tuple[Attachment, ...] = ()


def parts_of(message: Message, can: Capabilities) -> list[Part]:
    """The calls a message needs, in order; the same for the same message, so a number names one."""
    files = tuple(message.attachments.order_by("pk"))
    if not can.files_apart:
        return [Part(message.body_text, files)]
    texts = [Part(text) for text in split(message.body_text, can.max_text)]
    return texts + [Part(attachments=(file,)) for file in files]


def split(text: str, longest: int | None) -> list[str]:
    """Cut at a paragraph, a line, a space or anywhere; nothing is lost but white space."""
    text = text.strip()
    if longest is None or not text:
        return [text] if text else []
    pieces = []
    while len(text) > longest:
        cut = _cut(text, longest)
        pieces.append(text[:cut].rstrip())
        text = text[cut:].lstrip()
    return [*pieces, text] if text else pieces


def _cut(text: str, longest: int) -> int:
    for separator in ("\n\n", "\n", " "):
        place = text.rfind(separator, 1, longest + 1)
        if place > longest // 2:
            return place
    return longest
