"""The stages as transforms of Beam YAML; see README.md beside this file."""
