"""`python -m tests.mutants [--list] [NAME ...]`; DATABASE_URL and REDIS_URL as for the tests."""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.mutants.held import EXEMPT, TESTS
from tests.mutants.sites import CHECKOUT, Site, all_sites

_LINKED = (".venv", "node_modules")
_NO_TEST_WAS_FOUND = 5


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="mutants", description=sys.modules["tests.mutants"].__doc__
    )
    parser.add_argument("names", nargs="*", help="how the names of those begin that are tried")
    parser.add_argument("--list", action="store_true", help="only say which tests hold what")
    options = parser.parse_args()
    sites = {site.name: site for site in all_sites()}
    names = [*sites, *(f"constraint:{name}" for name in _constraints())]
    wanted = [name for name in names if not options.names or name.startswith(tuple(options.names))]
    if options.list:
        for name in wanted:
            print(f"{name:<70} {_tests(name) or EXEMPT.get(name, '-')}")
        return 0
    with tempfile.TemporaryDirectory(prefix="okienko-mutants-") as folder:
        copy = Path(folder) / "tree"
        _copy(copy)
        alive = [name for name in wanted if not _is_noticed(name, sites.get(name), copy)]
    print(f"{len(wanted) - len(alive)} of {len(wanted)} taken out were noticed, or need not be.")
    return 1 if alive else 0


def _constraints() -> list[str]:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")
    django.setup()
    from tests.test_constraints import CONSTRAINTS

    return sorted(CONSTRAINTS)


def _tests(name: str) -> str:
    kind, _, rest = name.partition(":")
    return f"tests/test_constraints.py -k {rest}" if kind == "constraint" else TESTS.get(name, "")


def _is_noticed(name: str, site: Site | None, copy: Path) -> bool:
    if name in EXEMPT:
        print(f"{'exempt':<9} {name:<66} {EXEMPT[name]}", flush=True)
        return True
    if not _tests(name):
        print(f"{'NO TEST':<9} {name}", flush=True)
        return False
    began = time.monotonic()
    if site is None:
        code = _run(name, copy, {"MUTANT_DROPS": name.partition(":")[2]}, "tests.mutants.plugin")
    else:
        original = (copy / site.path).read_bytes()
        (copy / site.path).write_bytes(site.taken_out(original))
        code = _run(name, copy, {})
        (copy / site.path).write_bytes(original)
    is_noticed = code not in (0, _NO_TEST_WAS_FOUND)
    seconds = time.monotonic() - began
    print(f"{'noticed' if is_noticed else 'ALIVE':<9} {name:<66} {seconds:.0f} s", flush=True)
    return is_noticed


def _run(name: str, copy: Path, env: dict[str, str], *plugins: str) -> int:
    command = [sys.executable, "-m", "pytest", *_tests(name).split(), "--exitfirst", "--quiet"]
    command += ["--reuse-db", "-p", "no:cacheprovider", "--no-header", "--tb=no"]
    for plugin in plugins:
        command += ["-p", plugin]
    done = subprocess.run(
        command, cwd=copy, env={**os.environ, **env}, capture_output=True, check=False
    )
    return done.returncode


def _copy(target: Path) -> None:
    """The tree as it is, without what is built; the environment is linked."""
    skipped = shutil.ignore_patterns(*_LINKED, ".git", "var", "__pycache__", ".*_cache")
    shutil.copytree(CHECKOUT, target, symlinks=True, ignore=skipped)
    for name in _LINKED:
        if (CHECKOUT / name).exists():
            (target / name).symlink_to((CHECKOUT / name).resolve())


if __name__ == "__main__":
    sys.exit(main())
