"""What is in force: a snapshot, checked whole, made into tables."""
