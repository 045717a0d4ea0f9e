"""Models, geometry and engines put together: images in, faces out. Reads no files."""
