"""The same run on many machines, by an engine that a site has; no daemon, and no root on the nodes."""
