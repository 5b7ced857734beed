"""D11: the names of files, as strangers write them: tame when shown, and never a path of ours."""

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse

from tests.factories import make_user
from tickets import attaching

HOSTILE = [
    "../../etc/passwd",
    "..\\..\\windows\\win.ini",
    "/etc/passwd",
    "C:\\boot.ini",
    "CON",
    "nul.txt",
    "x" * 1_000 + ".png",
    "a\0b.txt",
    "a\r\nSet-Cookie: x=1.txt",
    'a"; filename="b.html',
    "exe.gnp\u202e",
    "....//....//x",
    "%2e%2e%2fx",
    "~/.ssh/id_rsa",
    "-rf",
    ".",
    "..",
    "",
    " ",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_name_is_tame_and_its_place_our_own(name: str, db: None) -> None:
    user = make_user()
    file = attaching.upload(b"hello", name, user=user)
    client = Client()
    client.force_login(user)

    head = client.get(reverse("inbox:attachment", args=[file.public_id]))["Content-Disposition"]

    kept = file.name
    assert kept.strip(". ")
    assert len(kept) <= 255
    assert not set(kept) & set('/\\\0\r\n\u202e"')
    assert head.startswith("attachment; filename*=UTF-8''")
    assert not set(head.partition("''")[2]) & set('/\\"; \r\n')
    assert name.strip("./\\ ")[:20] not in file.storage_key or not name.strip("./\\ ")
    assert default_storage.path(file.storage_key).startswith(default_storage.path(""))
