"""Where rows are: the files of a log, opened through DuckDB, and what is measured on them."""
