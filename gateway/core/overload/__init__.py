"""When it is too much: who is let in, who is turned away."""
