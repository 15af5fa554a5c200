"""`bench tune`: the best settings of one machine, what each bought, and a profile of them."""
