"""Small widgets that all pages share; they know no page and no project."""
