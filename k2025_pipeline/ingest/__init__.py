"""Where a contract meets its source: the question, the delivery, the typed frame.

Here belongs what needs both ``schemas/`` and an API's answers. Not here: HTTP (``pxweb``, ``klass``),
storage (``lake``), rules (``validation``), or anything about runs (``orchestration``).
"""
