// Files that survive a power cut: read with checks, created, replaced and locked, with their folder synced.
