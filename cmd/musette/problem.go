package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"musette"
)

// The exit codes are part of the contract: scripts branch on them.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
	exitState  = 3
)

// A problem is an error that a person can do something about: what happened, what to do, and the exit code.
type problem struct {
	err  error
	hint string // what to do, "" if the error says it all
	code int
}

func (p *problem) Error() string { return p.err.Error() }
func (p *problem) Unwrap() error { return p.err }

// failed is a problem with exit code 1.
func failed(hint, format string, args ...any) error {
	return &problem{err: fmt.Errorf(format, args...), hint: hint, code: exitFailed}
}

// misused is a problem with exit code 2: the command line or a setting is wrong.
func misused(hint, format string, args ...any) error {
	return &problem{err: fmt.Errorf(format, args...), hint: hint, code: exitUsage}
}

// endedIn is the end in a named state: exit code 3, with the state's name where scripts and people find it.
func endedIn(state musette.State, cause, hint string) error {
	if cause == "" {
		return &problem{err: errors.New(string(state)), hint: hint, code: exitState}
	}
	return &problem{err: fmt.Errorf("%s: %s", state, cause), hint: hint, code: exitState}
}

// report writes the error for people to read and returns the exit code. Joined errors are shown one by one, so that
// somebody with three bad settings mends them in one go.
func report(w io.Writer, err error) int {
	if err == nil {
		return exitDone
	}
	code := exitDone
	for _, e := range flatten(err) {
		hint, c := "", exitFailed
		if p, ok := errors.AsType[*problem](e); ok {
			hint, c = p.hint, p.code
		}
		fmt.Fprintf(w, "musette: %s\n", plain(e.Error()))
		if hint != "" {
			fmt.Fprintln(w, hint)
		}
		code = max(code, c)
	}
	return code
}

// flatten takes errors.Join apart, and nothing else.
func flatten(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok || strings.Count(err.Error(), "\n") == 0 {
		return []error{err}
	}
	var all []error
	for _, e := range joined.Unwrap() {
		all = append(all, flatten(e)...)
	}
	return all
}

// plain keeps a message on one line and free of what could move the cursor.
func plain(s string) string {
	s = strings.ToValidUTF8(s, "?")
	return strings.TrimSuffix(strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }), " "), ".")
}
