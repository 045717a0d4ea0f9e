"""Copies of videos that browsers can play."""
