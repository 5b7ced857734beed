from tickets.automation.models import CannedReply, Rule, RuleRun
from tickets.models.channel import Channel
from tickets.models.claims import ClaimDecision
from tickets.models.delivery import Delivery
from tickets.models.draft import SavedDraft
from tickets.models.merge import TicketMerge
from tickets.models.message import Attachment, Message, MessageVersion, Reaction
from tickets.models.orders import TicketOrder
from tickets.models.ticket import (
    Participant,
    Reason,
    Seen,
    Tag,
    Ticket,
    TicketFollower,
    TicketLink,
)
from tickets.sla.models import (
    Calendar,
    CalendarVersion,
    FiredStep,
    Policy,
    PolicyVersion,
    Target,
)

__all__ = [
    "Attachment",
    "Calendar",
    "CalendarVersion",
    "CannedReply",
    "Channel",
    "ClaimDecision",
    "Delivery",
    "FiredStep",
    "Message",
    "MessageVersion",
    "Participant",
    "Policy",
    "PolicyVersion",
    "Reaction",
    "Reason",
    "Rule",
    "RuleRun",
    "SavedDraft",
    "Seen",
    "Tag",
    "Target",
    "Ticket",
    "TicketFollower",
    "TicketLink",
    "TicketMerge",
    "TicketOrder",
]
