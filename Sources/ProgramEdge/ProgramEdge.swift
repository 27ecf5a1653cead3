// What every program does around its work: how it starts, writes its output, handles signals and ends.
