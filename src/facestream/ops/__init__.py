"""Pure geometry: anchors, boxes, ROIs and crops. Coordinates are computed in float64."""
