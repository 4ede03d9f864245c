"""The page canvas: one widget that paints a display list, only where something changed."""
