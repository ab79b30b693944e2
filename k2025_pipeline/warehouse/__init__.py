"""The warehouse: inputs laid ready, built by dbt, audited, published in one swap."""
