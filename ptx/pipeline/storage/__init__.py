"""Files, locks, shards, records and stores, on disk and on object stores."""
