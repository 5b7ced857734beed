"""`python -m helpdesk.embedded python -m bench [--tickets N ...] [--seconds S]`."""

import argparse
import json
import os
import tempfile
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_RESULTS = Path(__file__).parent / "results"


def main() -> None:
    options = _options()
    _prepare()
    # Django is set up by now, and these modules need it.
    from bench import report, running

    found: list[dict[str, Any]] = []
    _RESULTS.mkdir(exist_ok=True)
    name = f"{datetime.now(UTC):%Y%m%d-%H%M%S}"
    for tickets in sorted(options.tickets):
        running.load(tickets)
        found.append({"tickets": tickets, **running.measured(options.seconds)})
        # After each size: hours of a large one are not lost with what fails later.
        (_RESULTS / f"{name}.json").write_text(json.dumps(found, indent=2, default=asdict))
        (_RESULTS / f"{name}.txt").write_text(report.table(found))
        print(report.table(found[-1:]), flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench")
    parser.add_argument("--tickets", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--seconds", type=float, default=10, help="of each closed loop")
    return parser.parse_args()


def _prepare() -> None:
    """An installation of its own, with keys of its own, in the database that was given."""
    import django

    from helpdesk import installation

    data = Path(tempfile.mkdtemp(prefix="okienko-bench-"))
    installation.make_keys(data)
    os.environ.update(
        {
            "DJANGO_SETTINGS_MODULE": "helpdesk.settings",
            "HELPDESK_DATA": str(data),
            "HELPDESK_ALLOW_PRIVATE_HOSTS": "1",
            "HELPDESK_LOG_LEVEL": "ERROR",
        }
    )
    django.setup()


if __name__ == "__main__":
    main()
