"""The one place where the network and the disk are made hostile."""
