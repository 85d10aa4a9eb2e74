"""The console and command line over `paxos_engine`."""
