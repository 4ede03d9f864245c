"""Dialogs. Shown, never `exec()`: nothing waits for them, and the page stays in the operator's hands."""
