// The decisions of the domain as pure functions: a state, a command and `now` in; rows, events and effects out.
//
// TelehealthEngine loads the states and carries out what is decided.
