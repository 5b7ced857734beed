"""`make bench`: how fast the whole product answers, beside the goals and the floor of a machine."""
