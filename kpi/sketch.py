"""A mergeable histogram of durations, from which quantiles are read.

Buckets grow by 5 %, so a quantile is at most 2.5 % off the value that has its rank. Counts are
whole numbers: what was added can be taken out again and leaves no trace, which sketches that
collapse their buckets cannot do, and figures need it (a ticket that turns out to be spam).
"""

import math
from collections.abc import Mapping

_GROWTH = 1.05
_LOG = math.log(_GROWTH)
ERROR = (_GROWTH - 1) / (_GROWTH + 1)


def bucket(seconds: int) -> int:
    """The bucket of a duration; 0 holds what is shorter than a second."""
    return 0 if seconds < 1 else 1 + math.ceil(math.log(seconds) / _LOG)


def middle(number: int) -> float:
    """The value that is at most `ERROR` off every value of the bucket."""
    return 0.0 if number == 0 else 2 * _GROWTH ** (number - 1) / (_GROWTH + 1)


def quantile(counts: Mapping[int, int], share: float) -> float | None:
    """The value of rank ceil(share * n), in seconds; None where there are no values."""
    rank = max(1, math.ceil(share * sum(counts.values())))
    for number in sorted(counts):
        rank -= counts[number]
        if rank <= 0:
            return middle(number)
    return None
