"""Pages on which people look: the city, an area, the monitoring points."""
