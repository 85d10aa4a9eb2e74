"""Real clusters: threads, sockets, clocks."""
