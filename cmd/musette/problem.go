package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"

	"musette"
	"musette/store"
	"musette/token"
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

// endedIn is the end in a named state: exit code 3, with the state's name first.
func endedIn(state musette.State, cause, hint string) *problem {
	if cause == "" {
		return &problem{err: errors.New(string(state)), hint: hint, code: exitState}
	}
	return &problem{err: fmt.Errorf("%s: %s", state, cause), hint: hint, code: exitState}
}

// report writes the error for people to read and returns the exit code. [problems] are shown one by one, so that
// somebody with three bad settings mends them in one go.
func report(w io.Writer, err error) int {
	if err == nil {
		return exitDone
	}
	all, several := err.(problems)
	if !several {
		all = problems{err}
	}
	code := exitDone
	for _, e := range all {
		p := explain(e)
		fmt.Fprintf(w, "musette: %s\n", plain(p.Error()))
		if p.hint != "" {
			fmt.Fprintln(w, plain(p.hint))
		}
		code = max(code, p.code)
	}
	return code
}

// explain makes a problem of any error. Those of the rooms that a person can do something about bring what to do
// with them, and some of them are named states.
func explain(err error) *problem {
	if p, ok := errors.AsType[*problem](err); ok {
		return &problem{err: err, hint: p.hint, code: p.code}
	}
	if e, ok := errors.AsType[*store.Error](err); ok {
		bare := *e
		bare.Hint = "" // it has a line of its own here
		switch e.Kind {
		case store.ErrUnreachable:
			return endedIn(musette.StateStoreDown, bare.Error(), e.Hint)
		case store.ErrDiskFull:
			return endedIn(musette.StateDiskFull, bare.Error(), e.Hint)
		case store.ErrBadURL:
			return &problem{err: &bare, hint: e.Hint, code: exitUsage}
		}
		return &problem{err: &bare, hint: e.Hint, code: exitFailed}
	}
	if errors.Is(err, store.ErrDiskFull) { // a snapshot's, whose error says what to do
		return endedIn(musette.StateDiskFull, err.Error(), "")
	}
	if e, ok := errors.AsType[*token.ReconnectError](err); ok {
		return endedIn(musette.StateReconnect, e.Error(), "")
	}
	hint := ""
	if rowDamaged(err) {
		hint = "nothing was changed; `musette verify --repair` mends it, as `musette sync` and `musette serve` do by themselves"
	}
	return &problem{err: err, hint: hint, code: exitFailed}
}

// problems are several at once, each to be shown by itself.
type problems []error

func (p problems) Error() string   { return errors.Join(p...).Error() }
func (p problems) Unwrap() []error { return p }

// together makes one error of those that aren't nil.
func together(errs ...error) error {
	var all problems
	for _, err := range errs {
		if several, ok := err.(problems); ok {
			all = append(all, several...)
		} else if err != nil {
			all = append(all, err)
		}
	}
	if len(all) == 0 {
		return nil
	}
	return all
}

// plain keeps a message on one line and free of what could move the cursor. A line that is said twice, as by a
// database that was tried twice, is said once.
func plain(s string) string {
	s = strings.ToValidUTF8(s, "?")
	lines := slices.Compact(strings.FieldsFunc(s, unicode.IsControl))
	return strings.TrimSuffix(strings.Join(lines, " "), ".")
}
