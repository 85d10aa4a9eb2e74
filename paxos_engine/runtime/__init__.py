"""The real driver: a thread per node, real sockets, one cluster."""
