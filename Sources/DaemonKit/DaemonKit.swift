// The daemon as a library: reads settings from their four sources, assembles the parts, writes the log and stops
// cleanly. The program telehealthd only calls it, so tests reach all of it.
