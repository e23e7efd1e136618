"""A shop for books: a store in SQLite, a server, and a client."""
