import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]


# With the other tests that start the whole product: one at a time is enough for two cores.
@pytest.mark.xdist_group("supervisor")
@pytest.mark.timeout(400)
def test_nothing_is_lost_and_nothing_done_twice_while_processes_are_killed():
    """The short form of `make chaos`."""
    options = "--rounds 3 --items 60 --answers 12 --seed 5 --hurry --drain 240"
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos", *options.split()],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 kills that counted" in done.stdout
