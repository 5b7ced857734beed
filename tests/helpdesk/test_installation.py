import os
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from helpdesk import installation


@pytest.fixture(autouse=True)
def ordinary_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("HELPDESK_DATA")
    monkeypatch.setattr(installation, "SHARED_ROOT", tmp_path / "shared")
    monkeypatch.setattr("os.geteuid", lambda: 1000)


def test_data_are_in_the_checkout(tmp_path: Path) -> None:
    assert installation.data_dir(tmp_path) == tmp_path / "var"


def test_data_of_root_are_outside_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)

    folder = installation.data_dir(tmp_path)

    assert folder.parent == tmp_path / "shared"
    assert folder != installation.data_dir(tmp_path / "other")


def test_everybody_finds_the_data_that_exist(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    of_root = installation.data_dir(tmp_path)
    of_root.mkdir(parents=True)
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert installation.data_dir(tmp_path) == of_root

    installation.make_keys(tmp_path / "var")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert installation.data_dir(tmp_path) == tmp_path / "var"


def test_socket_folder_stays_short(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 90)

    assert installation.socket_dir(Path("/srv/okienko")) == Path("/srv/okienko/run")
    assert len(str(installation.socket_dir(deep))) < 60
    assert installation.socket_dir(deep) == installation.socket_dir(deep)


def test_keys_are_made_once_and_closed_to_others(tmp_path: Path) -> None:
    installation.make_keys(tmp_path)
    first = {name: installation.stored_key(tmp_path, name) for name in installation.KEYS}
    installation.make_keys(tmp_path)

    assert first == {name: installation.stored_key(tmp_path, name) for name in installation.KEYS}
    assert len(set(first.values())) == 3
    Fernet(first["HELPDESK_FIELD_KEYS"])  # raises ValueError for what is no key
    for name in installation.KEYS:
        assert (tmp_path / "keys" / name).stat().st_mode & 0o777 == 0o600


def test_no_key_is_no_key(tmp_path: Path) -> None:
    assert installation.stored_key(tmp_path, "SECRET_KEY") == ""


def test_command_beside_a_run_belongs_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HELPDESK_DEMO", "1")
    monkeypatch.setenv("PORT", "8123")
    installation.remember_run(tmp_path)
    monkeypatch.delenv("HELPDESK_DEMO")
    monkeypatch.setenv("PORT", "9000")

    installation.join_run(tmp_path)

    assert os.environ["HELPDESK_DEMO"] == "1"
    assert os.environ["PORT"] == "9000"  # what is set stays


def test_no_run_is_joined_after_it_was_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HELPDESK_DEMO", "1")
    installation.remember_run(tmp_path)
    monkeypatch.delenv("HELPDESK_DEMO")

    installation.forget_run(tmp_path)
    installation.join_run(tmp_path)

    assert "HELPDESK_DEMO" not in os.environ
