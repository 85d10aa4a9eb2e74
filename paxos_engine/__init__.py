"""A Multi-Paxos cluster that knows no screen."""
