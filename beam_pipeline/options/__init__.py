"""What can be set, declared once."""
