"""The use cases, one file a family: values in, values out. The documented Python API."""
