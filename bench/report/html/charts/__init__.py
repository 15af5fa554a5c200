"""The charts, a file each: a specification in Vega-Altair, which is the same for each bundle, and the data in it."""
