"""Rules for the rows and columns of one table, made from its contract."""
