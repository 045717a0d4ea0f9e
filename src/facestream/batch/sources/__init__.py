"""The list of items that a batch processes, from folders, patterns and manifests."""
