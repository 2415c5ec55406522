"""One request to an OpenAI-compatible endpoint: body, reply, error, connection, key."""
