"""Data that ships. A package only so that a wheel carries it as `vizclient._resources`: see `vizclient.resources`."""
