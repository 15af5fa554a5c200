"""Load profiles, choose the one that fits a machine, and resolve it to layouts."""
