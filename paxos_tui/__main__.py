"""`python -m paxos_tui` is `paxos-tui`."""

from paxos_tui.cli import main

if __name__ == "__main__":
    main()
