"""Orders as shops tell of them: the neutral contract, accepting it, and whose each order is."""
