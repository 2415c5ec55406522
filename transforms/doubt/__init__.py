"""How likely a stored answer (the key) is right, from what answerers said who were not shown it, and verifiers who were."""
