"""Video files: decoded, cut at keyframes, and written."""
