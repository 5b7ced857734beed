"""Broken rules of shops and customers, by name."""

from django.utils.translation import gettext_lazy as _

from accounts.errors import RuleBroken


class SlugTaken(RuleBroken):
    code = "slug_taken"
    message = _("Another one has this short name already.")


class UnknownTimeZone(RuleBroken):
    code = "unknown_timezone"
    message = _("There is no such time zone. Write it like Europe/Warsaw.")


class IdMismatch(RuleBroken):
    code = "id_mismatch"
    message = _("The document has another external_id than the address.")


class MetaTooLarge(RuleBroken):
    code = "meta_too_large"
    message = _("meta holds at most 16 KB, 20 levels deep.")


class HandleTaken(RuleBroken):
    code = "handle_taken"
    message = _("Another customer has this address or number. Look for them first.")


class ShopNeeded(RuleBroken):
    code = "shop_needed"
    message = _("This key is for some shops only: name the shop.")
