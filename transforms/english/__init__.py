"""English: the words, forms and marks that rules share, each list once. Standard library only, as the reward needs them."""
