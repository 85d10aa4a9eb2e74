"""The protocol, pure: no socket, thread, clock, file or random number of its own.

Start with `acceptor.py` and `leader.py`, beside "Paxos Made Simple".
"""
