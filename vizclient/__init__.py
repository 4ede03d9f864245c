"""The wing without a screen: everything of vizclient that runs headless. It knows nothing of Qt and of `ui`."""

__version__ = "0.1.0"
