"""The schema registry: which event types there are, whose they are, and what each version says."""
