"""The real driver: background threads, real sockets, one cluster."""
