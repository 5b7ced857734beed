"""What stands in for the outside world in demo mode and in tests: real servers on this machine."""
