"""Pure statistics: raw samples in, summaries out."""
