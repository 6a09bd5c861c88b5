// Package metrics shows a running Musette to Prometheus.
//
// Counters are told by the edges: web of each request it has answered, keeper of each call it has made. Everything else
// is read when somebody asks: from the view in memory, and from what [Metrics.Run] last saw of the database and the
// disk. So asking costs no query, waits for nothing, and goes on while the database is away.
//
// No metric has a secret or a name in it, and no label a value that others could make up: routes are patterns, methods,
// kinds and results those there are. Athletes stand there by number, and only where they are few ([MaxAthletes]).
//
// There is no global registry: each [Metrics] has its own.
package metrics
