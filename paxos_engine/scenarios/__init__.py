"""Situations that show why each rule matters, and the wrong rules that they break under."""
