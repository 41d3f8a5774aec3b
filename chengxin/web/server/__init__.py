"""The site: sign-in, what stands before every address, whose kernel it is."""
