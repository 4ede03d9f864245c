"""Items: their addresses, last values, metadata and freshness. Knows no protocol, no Qt and no connection."""
