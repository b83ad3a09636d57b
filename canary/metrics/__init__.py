"""What was counted becomes metrics and a word on health, over HTTP.

Nothing is imported here: workers take `figures` and leave prometheus_client to their parent.
"""
