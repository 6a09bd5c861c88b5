package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/lmittmann/tint"
)

// openLog returns the program's log: JSON, or lines for people if stderr is a terminal. With a log file it goes
// there instead, always as JSON. The closer may be nil.
func openLog(stderr io.Writer, level slog.Level, file string) (*slog.Logger, func() error, error) {
	if file != "" {
		f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return nil, nil, failed("MUSETTE_LOG_FILE names it; check that its directory is there and may be written to", "the log file can't be opened: %w", err)
		}
		return slog.New(slog.NewJSONHandler(f, &slog.HandlerOptions{Level: level})), f.Close, nil
	}
	if _, ok := terminal(stderr); ok {
		return slog.New(tint.NewTextHandler(stderr, &tint.Options{
			Level: level, TimeFormat: "15:04:05", NoColor: !colourful(stderr),
		})), nil, nil
	}
	return slog.New(slog.NewJSONHandler(stderr, &slog.HandlerOptions{Level: level})), nil, nil
}

// say writes a line for people.
func (c *console) say(format string, args ...any) { fmt.Fprintf(c.err, format+"\n", args...) }
