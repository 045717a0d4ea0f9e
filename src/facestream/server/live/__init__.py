"""Live cameras over WebSockets."""
