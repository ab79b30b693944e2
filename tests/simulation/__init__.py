"""A thousand nights in a row: what may go wrong goes wrong, by a seed, and the same things must hold after each."""
