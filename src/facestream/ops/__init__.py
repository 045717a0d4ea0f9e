"""Pure geometry: anchors, boxes, rois and crops. Coordinates are computed in float64."""
