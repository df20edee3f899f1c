"""Shards: files of many labelled images each, such as tar archives, in any store."""
