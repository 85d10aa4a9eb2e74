"""The wire: messages to bytes and back, and the pumps that carry them."""
