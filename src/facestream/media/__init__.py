"""Read pictures and videos as upright frames with timestamps, and write videos."""
