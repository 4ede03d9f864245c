"""Parts of the window beside the canvas."""
