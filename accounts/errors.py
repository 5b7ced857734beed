"""Rules of accounts that somebody may run into; shown as what happened and what to do."""

from django.utils.translation import gettext_lazy as _


class RuleBroken(Exception):
    """Base of the errors below; `str()` is for the person who ran into it."""

    message = _("This cannot be done.")

    def __str__(self) -> str:
        return str(self.message)


class LastAdmin(RuleBroken):
    message = _("This is the last active administrator. Make somebody else an administrator first.")


class LinkNotValid(RuleBroken):
    message = _("This link has expired or was used already. Ask for a new one.")


class AddressTaken(RuleBroken):
    message = _("Somebody with this e-mail address has an account already.")


class DefaultTeamNeeded(RuleBroken):
    message = _("This is the default team. Choose another default team first.")


class ScopeNotAllowed(RuleBroken):
    """A key cannot do more than its user."""

    message = _("The user's role does not allow one of these scopes.")
