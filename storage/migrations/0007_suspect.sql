-- Suspects are kept for a quarter of an hour, and maintenance reads all that are over at once: writers need not keep an
-- index by time up to date for it.
DROP INDEX costkey.suspect_written;
