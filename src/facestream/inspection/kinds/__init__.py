"""One file for each kind of thing that ``facestream info`` describes."""
