"""A task and its arguments become one JSON value on standard output; the child side of `runs.work`."""

import importlib
import json
import sys


def main() -> None:
    """Run `module.function` of this package with the keyword arguments given as JSON."""
    module, _, function = sys.argv[1].partition(".")
    task = getattr(importlib.import_module(f"scripts.measure.{module}"), function)
    print(json.dumps(task(**json.loads(sys.argv[2]))))


if __name__ == "__main__":
    main()
