"""Trained models at work: transfers, views, pictures of several people."""
