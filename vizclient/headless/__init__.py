"""The commands without a window: they run a site in their own process. Knows no Qt; works where it is not installed."""
