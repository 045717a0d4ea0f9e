"""What facestream does: extract meshes, detect faces, convert files. Every interface calls these functions."""
