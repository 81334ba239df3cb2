"""Home: the first page of each role (Today, Overview, Lists), the first steps, and the search over everything."""
