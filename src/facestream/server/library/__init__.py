"""The files in the data folders: listed, described, uploaded and downloaded."""
