"""The user under which root runs PostgreSQL (which refuses root) and Redis."""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpdesk.running import Problem

NAME = "okienko"


@dataclass(frozen=True)
class Account:
    uid: int
    gid: int

    def become(self) -> None:
        os.setgroups([])
        os.setgid(self.gid)
        os.setuid(self.uid)


def service_account() -> Account | None:
    """The services' own user, made on the first start; None where we are not root."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(NAME)
    except KeyError:
        _make_user()
        entry = pwd.getpwnam(NAME)
    return Account(entry.pw_uid, entry.pw_gid)


def as_user(account: Account | None) -> dict[str, Any]:
    """The arguments of `subprocess` that start a program under that user."""
    if account is None:
        return {}
    return {"user": account.uid, "group": account.gid, "extra_groups": []}


def own_folder(folder: Path, account: Account | None) -> None:
    """Make a folder that only the services (and root) may enter."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if account is None:
        return
    os.chown(folder, account.uid, account.gid)
    folder.chmod(0o700)
    entered = subprocess.run(["test", "-w", folder], check=False, **as_user(account))
    if entered.returncode != 0:
        raise Problem(
            f"The database runs as the user {NAME}, who may not enter {folder}: "
            "choose another folder by HELPDESK_DATA."
        )


def _make_user() -> None:
    options = "--system --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin"
    subprocess.run(["useradd", *options.split(), NAME], check=True)
