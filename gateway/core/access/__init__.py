"""Who may: tokens verified once, what they allow, and how much of it."""
