"""Make a fitted body explain the person's silhouette: pose refined by the outline, clothes and hair as displacements of the skin."""
