"""Draw meshes and detections on frames."""
