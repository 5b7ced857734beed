"""Broken rules, by name. The text is shown to people: what happened and what to do."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class BrokenRule(Exception):
    """Something that the helpdesk's rules do not allow; `code` names it in the API."""

    code = "broken_rule"
    text: str | Promise = _("This is not possible.")

    def __str__(self) -> str:
        return str(self.args[0] if self.args else self.text)


class TicketClosed(BrokenRule):
    code = "ticket_closed"
    text = _("This ticket is closed. Open a new one to answer.")


class TicketMerged(BrokenRule):
    code = "ticket_merged"
    text = _("This ticket was merged into another one. Answer there.")


class NewerMessage(BrokenRule):
    code = "newer_message"
    text = _("The customer wrote again meanwhile. Read the new message, then send.")


class NoRecipient(BrokenRule):
    code = "no_recipient"
    text = _("The customer has no address on this channel. Choose another channel.")


class WindowClosed(BrokenRule):
    code = "window_closed"
    text = _("The time in which this channel lets us answer is over. Answer by e-mail or phone.")


class AnsweredElsewhere(BrokenRule):
    code = "answered_elsewhere"
    text = _(
        "Another app answers this conversation now. It has to pass it back, or you take it over "
        "in the inbox of the Page."
    )


class EmptyMessage(BrokenRule):
    code = "empty_message"
    text = _("Write something or attach a file.")


class FileNotAllowed(BrokenRule):
    code = "file_not_allowed"
    text = _("This channel does not take such a file.")


class ChannelInactive(BrokenRule):
    code = "channel_inactive"
    text = _("This channel is switched off. Choose another one, or switch it on in the settings.")


class TooLate(BrokenRule):
    code = "too_late"
    text = _("The message is on its way already and cannot be taken back.")


class NotInTeam(BrokenRule):
    code = "not_in_team"
    text = _("This person does not answer tickets.")


class NeverMerged(BrokenRule):
    code = "cannot_merge"
    text = _("These tickets cannot be merged or split.")


class MergeSettled(BrokenRule):
    code = "merge_settled"
    text = _("This merge is more than an hour old, or was undone or merged on. It stays.")
