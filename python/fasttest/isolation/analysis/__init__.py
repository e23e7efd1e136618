"""What tests and the code they call do to the process, read from their source."""
