"""What is in the JSON schema of a record."""


def properties(schema):
    """Every property of nested schemas, by name."""
    if isinstance(schema, dict):
        yield from schema.get("properties", {}).items()
        for part in schema.values():
            yield from properties(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from properties(part)
