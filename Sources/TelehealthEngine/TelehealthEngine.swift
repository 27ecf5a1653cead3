// Runs the rules: loads states, applies decisions, carries out effects, sweeps and serves watches.
//
// It declares the ports that adapters implement, and holds every lock and task of the domain.
