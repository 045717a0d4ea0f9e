"""Files that appear whole or not at all, locks, databases, and files on other machines."""
