"""Review by people: rows of a stage to look at, and what is to become of them."""
