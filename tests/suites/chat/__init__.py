"""A chat server and its tests: sockets, a session-scoped server, session loops."""
