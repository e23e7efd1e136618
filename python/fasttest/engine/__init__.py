"""The engine: performs the core's actions on loops and strands. Knows no pytest."""
