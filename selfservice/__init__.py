"""What a customer sees without signing in: the pages of surveys."""
