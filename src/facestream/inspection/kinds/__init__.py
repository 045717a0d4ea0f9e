"""One module for each kind of file or folder that ``facestream info`` describes."""
