"""Profiles: which pair of servers a site has, and how to talk to it. Written by IT, as TOML."""
