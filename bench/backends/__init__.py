"""What is known of each backend without torch: a file for each."""
