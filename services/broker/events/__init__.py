"""Events: accepted over HTTP, kept on the log, handed on as streams and to consumer groups."""
