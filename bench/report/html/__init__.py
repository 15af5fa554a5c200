"""Reports as HTML: one self-contained file for bundles, and a folder of them with an index.

Text from bundles enters a page in two ways only: through jinja2, which escapes it, and as text of pictures, which
`bench.report.html.picture` checks.
"""
