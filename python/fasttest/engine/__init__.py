"""The engine: performs the core's actions on event loops and strands. No pytest here."""
