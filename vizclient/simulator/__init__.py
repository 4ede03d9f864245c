"""A main/backup pair of real OPC UA server processes with a small building in it: for demo, tests and integrators."""
