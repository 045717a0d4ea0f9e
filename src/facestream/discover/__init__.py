"""DISCOVER's foreign words, which stop here: trainer files, data lists, option strings, ids and their aliases."""
