"""How any stage runs: plan, stores, Dask, resume, quarantine, progress, verification. Knows no stage."""
