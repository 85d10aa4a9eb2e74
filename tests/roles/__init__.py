"""The protocol, played by hand."""
