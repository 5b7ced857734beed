import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry, User


def test_operators_alone_open_djangos_admin(client: Client, admin: User) -> None:
    url = reverse("admin:accounts_user_changelist")
    signed_out = client.get(url, follow=True)
    assert signed_out.redirect_chain[-1][0].startswith(reverse("account_login"))

    client.force_login(admin)
    assert client.get(url, follow=True).status_code == 403

    operator = User.objects.create_superuser("root@example.com", "x", name="Root")
    client.force_login(operator)
    assert client.get(url).status_code == 200


@pytest.mark.parametrize("model", ["user", "team", "apikey", "auditentry"])
def test_admin_pages_only_show(client: Client, model: str, db: None) -> None:
    operator = User.objects.create_superuser("root@example.com", "x", name="Root")
    AuditEntry.objects.create(actor_kind="system", action="test.done")
    client.force_login(operator)

    assert client.get(reverse(f"admin:accounts_{model}_changelist")).status_code == 200
    assert client.get(reverse(f"admin:accounts_{model}_add")).status_code == 403
