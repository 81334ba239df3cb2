"""Jobs: work that takes longer than a page may, with progress, that survives a restart of the server."""
