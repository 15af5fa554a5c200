"""From what was asked for and a machine to the plan, as pure functions."""
