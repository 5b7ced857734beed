"""`python -m tests.chaos --rounds 50 --items 2000 --answers 400 --seed 1`."""

import argparse
import logging
import os
import sys
from contextlib import ExitStack

from tests.chaos.product import Product


def main() -> int:
    options = _options()
    product = Product()
    try:
        product.start()
        # We look into its database, with its keys: nothing of ours may get in between.
        environment = product.env
        os.environ.clear()
        os.environ.update(environment, DJANGO_SETTINGS_MODULE="helpdesk.settings")
        import django

        django.setup()
        logging.getLogger("asyncio").setLevel(logging.ERROR)  # lines break here all the time
        from tests.chaos.running import Run  # needs the settings

        with ExitStack() as stack:
            return Run(product, options, stack).all()
    finally:
        product.end()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="chaos", description=sys.modules["tests.chaos"].__doc__)
    parser.add_argument("--rounds", type=int, default=50, help="kills that count")
    parser.add_argument("--items", type=int, default=2000, help="mails, chat messages, events each")
    parser.add_argument("--answers", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--drain", type=float, default=900, help="seconds for what is left")
    parser.add_argument(
        "--hurry", action="store_true", help="let no load drain between kills; end leases at once"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
