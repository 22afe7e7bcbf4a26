"""`python -m config.faults.launch LAYER ...`: runs a layer of the fault plan on stores of its own.

The stores are made, and the environment is set, before Django reads its settings; then the layer's
module runs in this process as its main program.
"""

from __future__ import annotations

import argparse
import os
import runpy
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import django

from config.demo.server import NO_LIMITS
from config.faults import scratch
from config.faults.scratch import Cluster, Queue, StoreFailed

LAYERS = ("crashes", "interleavings", "storm")
# What a layer's processes say goes to a file, and faults are its daily bread.
QUIET = {"LOG_LEVEL": "CRITICAL", "HTTPS_ONLY": "0"}
# One wallet plays thousands of orders from one address.
QUIET |= NO_LIMITS
# All of a storm's poison is to be set aside one by one; that a version stops has its own test.
QUIET |= {"POISON_RUNS": "1000000"}


@contextmanager
def stage(shape: str) -> Iterator[scratch.Stage]:
    """Make the stores of a shape, and set the environment for them; all is gone afterwards.

    `embedded` is SQLite in a folder; `server` a PostgreSQL cluster and a Redis of our own;
    `database` a new database on the server that DATABASE_URL names. Raises StoreFailed.
    """
    with ExitStack() as stack:
        folder = stack.enter_context(scratch.scratch_folder())
        data = folder / "data"
        data.mkdir()
        settings = {**QUIET, **scratch.secret_settings(), "COUNTERSIGN_DATA": str(data)}
        cluster = queue = None
        if shape == "server":
            cluster, queue = Cluster(folder / "postgresql"), Queue(folder)
            stack.callback(queue.kill)
            stack.callback(cluster.destroy)
            cluster.create()
            queue.start()
            settings |= {"DATABASE_URL": cluster.url, "CELERY_BROKER_URL": queue.url}
        elif shape == "database":
            url = stack.enter_context(scratch.scratch_database(os.environ["DATABASE_URL"]))
            settings["DATABASE_URL"] = url
        for name in ("DATABASE_URL", "CELERY_BROKER_URL"):
            os.environ.pop(name, None)
        os.environ.update(settings, DJANGO_SETTINGS_MODULE="config.settings")
        yield scratch.Stage(shape, folder, cluster, queue)


def main() -> int:
    """Read the layer and the shape; the rest of the command line is the layer's."""
    parser = argparse.ArgumentParser(description=__doc__, add_help=False)
    parser.add_argument("layer", choices=LAYERS)
    parser.add_argument("--shape", choices=("embedded", "server", "database"), default="embedded")
    options, rest = parser.parse_known_args()
    try:
        with stage(options.shape) as scratch.current:
            django.setup()
            sys.argv = [options.layer, *rest]
            runpy.run_module(f"config.faults.{options.layer}", run_name="__main__")
    except StoreFailed as failed:
        sys.stderr.write(f"faults: {failed}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.path.insert(0, str(Path.cwd()))
    sys.exit(main())
