"""The words that the widget's scripts put together; the rest stands in the frame's template."""

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

LANGUAGES = ("pl", "en")


def for_loader() -> dict[str, dict[str, str]]:
    """The bubble's few words, in every language: the shop's page says which one is wanted."""
    words = {}
    for language in LANGUAGES:
        with translation.override(language):
            words[language] = {
                "open": _("Open chat"),
                "close": _("Close chat"),
                "unread": _("New messages:"),
                "chat": _("Chat"),
                "dismiss": _("Dismiss"),
            }
    return words


def for_frame() -> dict[str, str]:
    """Sentences by name, in the active language; `{name}` is filled in by the script."""
    return {
        "online": _("We are here"),
        "offline": _("We are not here right now"),
        "offline.until": _("We are back: {when}"),
        "today": _("Today"),
        "yesterday": _("Yesterday"),
        "you": _("You"),
        "team": _("Support"),
        "typing": _("{name} is typing…"),
        "typing.someone": _("Someone is typing…"),
        "state.sending": pgettext("message", "sending"),
        "state.sent": pgettext("message", "sent"),
        "state.read": pgettext("message", "read"),
        "retry": _("Send again"),
        "ended": _("This conversation has ended. Write if you need anything else."),
        "uploading": _("Sending file {name}"),
        "remove": _("Remove {name}"),
        "rating.thanks": _("Thank you for your opinion."),
        "transcript.sent": _("The conversation is on its way to {email}."),
        "error": _("Something went wrong. Please try again in a moment."),
        "error.offline": _("There is no connection. Please try again."),
        "error.unavailable": _("The chat does not answer just now. Please try again in a moment."),
        "error.rate_limited": _("That was very quick. Please try again in {seconds} s."),
        "error.message_too_long": _("The message is longer than 10,000 characters."),
        "error.message_differs": _("This message was sent before in another form."),
        "error.file_too_large": _("The file is too large. The most is {mb} MB."),
        "error.file_type_not_allowed": _(
            "This kind of file cannot be sent. Pictures, PDF, text and MP4 can."
        ),
        "error.file_type_mismatch": _("This file is not what its name says. Choose another one."),
        "error.field_required": _("Please fill in all fields that are not optional."),
        "error.field_invalid": _("Please check the e-mail address and the other fields."),
        "error.consent_required": _("Please tick the consent first."),
        "error.conversation_required": _("Write a message first."),
        "error.email_not_verified": _("The conversation can only be sent to your own address."),
        "error.already_rated": _("You have given your opinion already."),
        "error.origin_not_allowed": _("The chat is not available on this page."),
    }
