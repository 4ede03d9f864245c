"""The link process and the channel between it and the window. Knows neither Qt nor what a page is."""
