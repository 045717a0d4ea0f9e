"""Communication between a process and its workers."""
