"""Translate DISCOVER's trainers, requests and module options into facestream's own."""
