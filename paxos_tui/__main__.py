"""Where the program begins, as `paxos-tui` and as `python -m paxos_tui`.

Nothing heavy is imported before Ctrl-C is one line instead of a traceback.
"""

import sys


def main() -> None:
    """Run the command line."""
    try:
        from paxos_tui import cli  # noqa: PLC0415 - takes long enough to be interrupted
    except KeyboardInterrupt:
        print("paxos-tui: stopped", file=sys.stderr)
        sys.exit(130)
    cli.main()


if __name__ == "__main__":
    main()
