"""From files to batches: reading tables, mapping columns, reporting on rows, splitting, batching."""
