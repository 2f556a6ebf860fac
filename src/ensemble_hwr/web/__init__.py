"""Web server: an HTTP interface and a page on which handwriting is read in the browser."""
