"""What a run would cost, from a sample of its documents."""
