"""Page bundles: what a page is made of, read from files that nobody has to trust. Knows no Qt; runs no code of a page."""
