from accounts.models.audit import AuditEntry
from accounts.models.keys import ApiKey
from accounts.models.people import Invitation, Role, Team, User

__all__ = ["ApiKey", "AuditEntry", "Invitation", "Role", "Team", "User"]
