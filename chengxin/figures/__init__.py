"""What dashboards and reports show, as frames: the city, an area, the monitoring points."""
