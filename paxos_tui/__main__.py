"""Where the program begins, as `paxos-tui` and as `python -m paxos_tui`.

Nothing heavy is imported before Ctrl-C is one line instead of a traceback.
"""

import gc
import sys


def main() -> None:
    """Run the command line."""
    # Nothing of what is made while modules are imported is garbage, and to look for some takes a
    # fifth of that time.
    gc.disable()
    try:
        from paxos_tui import cli  # noqa: PLC0415 - takes long enough to be interrupted
    except KeyboardInterrupt:
        print("paxos-tui: stopped", file=sys.stderr)
        sys.exit(130)
    finally:
        gc.enable()
    cli.main()


if __name__ == "__main__":
    main()
