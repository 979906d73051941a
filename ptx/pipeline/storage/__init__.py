"""Storage of a workspace: folders and object stores, locks and leases, shards, records of committed blocks, stores."""
