"""Media files as FFmpeg reads them: opened safely, and described without decoding."""
