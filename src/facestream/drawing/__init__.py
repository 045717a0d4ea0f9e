"""Pictures for people: meshes over the frames that they were found in."""
