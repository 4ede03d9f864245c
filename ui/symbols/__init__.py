"""Symbols: what an element of a page looks like. One file a symbol; `table` names them all."""
