"""Pictures and videos: read as upright frames with their times, and written."""
