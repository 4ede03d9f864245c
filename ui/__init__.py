"""The wing with a screen: the only place that imports PySide6 and qasync. It never reaches asyncua."""
