"""What a backup says of itself."""

import hashlib
import json
import tomllib
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Self

from django.conf import settings
from django.utils import timezone

from helpdesk import health
from helpdesk.running import Problem

NAME = "manifest.json"
_FORM = 1
_KEYS = {"HELPDESK_FIELD_KEYS", "HELPDESK_TOKEN_KEYS"}


@dataclass
class Manifest:
    """`counts` are rows by table at the moment of the dump; `checksums` SHA-256 by member."""

    version: str
    made_at: str
    migrations: list[str]
    keys: dict[str, list[str]]
    counts: dict[str, int]
    checksums: dict[str, str] = field(default_factory=dict)
    form: int = _FORM

    @classmethod
    def of_now(cls, counts: dict[str, int]) -> Self:
        return cls(
            version=_version(),
            made_at=timezone.now().isoformat(timespec="seconds"),
            migrations=health.applied_migrations(),
            keys={name: _fingerprints(name) for name in sorted(_KEYS)},
            counts=counts,
        )

    @classmethod
    def read(cls, text: bytes) -> Self:
        """Raises `Problem` for what no version of this program has written."""
        try:
            found = cls(**json.loads(text))
        except (ValueError, TypeError) as e:
            raise Problem("This is not a backup of the helpdesk.") from e
        if found.form > _FORM:
            raise Problem(
                f"The backup was made by a newer version ({found.version}): install that first."
            )
        return found

    def written(self) -> bytes:
        return json.dumps(asdict(self), indent=1).encode()

    @property
    def at(self) -> datetime:
        return datetime.fromisoformat(self.made_at)

    def check_version(self) -> None:
        """Raises `Problem` where this code does not know the backup's tables."""
        if unknown := health.unknown_migrations(self.migrations):
            raise Problem(
                f"The backup was made by a newer version ({self.version}, it has {unknown[0]}): "
                "install that first."
            )

    def check_keys(self) -> None:
        """Raises `Problem` where secrets and reply addresses could not be read any more."""
        for name, fingerprints in self.keys.items():
            if set(fingerprints) - set(_fingerprints(name)):
                raise Problem(
                    f"{name} is not the one that this backup was made with: "
                    "put the old keys in place first."
                )


def _version() -> str:
    project = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())
    return str(project["project"]["version"])


def _fingerprints(name: str) -> list[str]:
    keys = getattr(settings, name) if name in _KEYS else []
    return [hashlib.sha256(f"{name}:{key}".encode()).hexdigest()[:16] for key in keys]
