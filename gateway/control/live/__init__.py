"""The city as it is this minute: its processes' own figures, gathered, kept for an hour, judged."""
