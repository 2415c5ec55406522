"""The only floor that talks to an endpoint: requests and errors, the process-wide runtime, `CallModel`."""
