"""Rows: what a report shows, as frozen records without a word of layout.

A row exists where a line of a report joins several records, such as a cell of the plan with its summary. Records
that already are one line each, such as the verdicts of a comparison, go to the renderers unchanged.
"""
