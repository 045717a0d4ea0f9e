"""NumPy archives (.npz) and tables (.csv), read and written."""
