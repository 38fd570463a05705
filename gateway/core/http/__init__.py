"""The grammar of HTTP/1.1, read strictly, without any I/O."""
