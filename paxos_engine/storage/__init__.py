"""Storage: where a node keeps what it must not forget."""
