"""The little that a palette cannot say about real widgets: edges, corners and room, from the same colour tokens."""

from __future__ import annotations

from PySide6.QtWidgets import QApplication

from .theme import Theme

_SHEET = """
QDialog {{ border: 1px solid {line_strong}; }}
#bar {{ background: {surface}; border: none; border-bottom: 1px solid {line}; }}
QToolTip {{ background: {raised}; color: {ink}; border: 1px solid {line_strong}; padding: 4px 6px; }}
QToolButton {{ border: 1px solid transparent; border-radius: 4px; padding: 4px 8px; }}
QToolButton:hover {{ background: {raised}; border-color: {line}; }}
QToolButton:pressed, QToolButton:checked {{ background: {accent_soft}; border-color: {line}; }}
QToolButton:focus {{ border: 2px solid {focus}; }}
QPushButton {{
    background: {raised}; color: {ink}; border: 1px solid {line_strong}; border-radius: 4px; padding: 6px 16px;
}}
QPushButton:hover {{ background: {accent_soft}; }}
QPushButton:default {{ background: {accent}; color: {on_accent}; border-color: {accent}; }}
QPushButton:disabled {{ background: {surface}; color: {ink_disabled}; border-color: {line}; }}
QPushButton:focus {{ border: 2px solid {focus}; padding: 5px 15px; }}
QLineEdit {{
    background: {raised}; color: {ink}; border: 1px solid {line_strong}; border-radius: 4px; padding: 4px 8px;
    selection-background-color: {accent}; selection-color: {on_accent};
}}
QLineEdit:focus {{ border: 2px solid {focus}; padding: 3px 7px; }}
QLineEdit:read-only {{ background: {surface}; color: {ink}; border-color: {line}; }}
QMenu {{ background: {raised}; color: {ink}; border: 1px solid {line_strong}; padding: 4px; }}
QMenu::item {{ padding: 7px 28px 7px 28px; border-radius: 3px; }}
QMenu::item:selected {{ background: {accent_soft}; color: {ink}; }}
QMenu::item:disabled {{ color: {ink_disabled}; }}
QMenu::separator {{ height: 1px; background: {line}; margin: 4px 8px; }}
QDockWidget {{ color: {ink}; }}
QDockWidget::title {{ background: {page}; padding: 8px 16px; }}
QMainWindow::separator {{ background: {line}; width: 1px; height: 1px; }}
QHeaderView::section {{
    background: {surface}; color: {ink_muted}; border: none; border-bottom: 1px solid {line}; padding: 4px 6px;
}}
QTreeWidget {{ background: {surface}; color: {ink}; }}
QTreeWidget::item {{ padding: 4px 2px; }}
"""


def dress(application: QApplication, theme: Theme) -> None:
    """Give all real widgets, also those to come, the font and colours of `theme`."""
    application.setPalette(theme.palette())
    application.setFont(theme.font(14))
    colors = {token.replace("-", "_"): color.name() for token, color in theme.colors.items()}
    application.setStyleSheet(_SHEET.format(**colors))
