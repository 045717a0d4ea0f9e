"""What facestream does for its users: extract meshes, detect faces, convert files. Every interface calls these."""
