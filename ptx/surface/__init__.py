"""A person's surface, filled from one photograph: what the photograph shows, the rest completed, and pictures of it in other poses."""
