"""What keeps concurrent tests apart."""
