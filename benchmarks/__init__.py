"""What the program costs, and beside what: `make bench`, or `paxos-tui bench` in a checkout."""
