"""What each stage computes: one file per `ptx run NAME`."""
