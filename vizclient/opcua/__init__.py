"""OPC UA with asyncua: the ports of `redundancy` and `items` made real. Knows nothing of windows, pages or profiles.

Everything starts at `connector.OpcUaConnector`. asyncua lends its encoding, secure conversation and cryptography; its
`Client` does not take part, because it reconnects, recreates and times out by rules of its own.
"""
