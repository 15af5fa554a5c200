"""int8: what makes a model of it, and the count of what became int8."""
