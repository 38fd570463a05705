"""Who is told that a consent has ended: the city's own processes at once, its clients by notice."""
