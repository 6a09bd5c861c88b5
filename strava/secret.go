package strava

import (
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"strings"
)

// hidden is all that is ever printed of a Secret.
const hidden = "***"

// A Secret is a token, code or client secret. It prints as *** with every
// fmt verb and in slog, JSON and text marshalling; [Secret.Reveal] is the
// only way to the clear text.
//
// fmt can't call methods on unexported struct fields, and some of its verbs
// follow pointers. A struct that may be printed whole must keep its Secrets
// in exported fields, or inside a function value. Nor should a Secret be the
// key of a map: encoding/json writes keys of this kind in clear.
type Secret string

// Reveal returns the clear text.
func (s Secret) Reveal() string { return string(s) }

// String returns ***.
func (s Secret) String() string { return hidden }

// GoString returns ***.
func (s Secret) GoString() string { return hidden }

// Format writes *** whatever the verb and flags.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hidden) }

// LogValue returns *** for slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalJSON returns "***".
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + hidden + `"`), nil }

// MarshalText returns ***.
func (s Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// A scrubber takes the secrets of one call out of texts that others wrote:
// a server may echo what it was sent, a transport may name the address.
type scrubber struct{ replacer *strings.Replacer }

// shortestScrubbed keeps the scrubber from tearing words apart; real tokens
// have 40 characters.
const shortestScrubbed = 4

func newScrubber(secrets ...Secret) scrubber {
	var pairs []string
	for _, s := range secrets {
		if len(s) < shortestScrubbed {
			continue
		}
		pairs = append(pairs, s.Reveal(), hidden)
		if escaped := url.QueryEscape(s.Reveal()); escaped != s.Reveal() {
			pairs = append(pairs, escaped, hidden)
		}
	}
	return scrubber{replacer: strings.NewReplacer(pairs...)}
}

func (s scrubber) text(t string) string { return s.replacer.Replace(t) }

// wrap returns err itself where its text is clean, else an error with the
// clean text that still answers errors.Is and errors.As.
func (s scrubber) wrap(err error) error {
	if err == nil {
		return nil
	}
	if clean := s.text(err.Error()); clean != err.Error() {
		return &scrubbedError{text: clean, cause: func() error { return err }}
	}
	return err
}

// scrubbedError keeps its cause in a function, out of fmt's reach.
type scrubbedError struct {
	text  string
	cause func() error
}

func (e *scrubbedError) Error() string { return e.text }
func (e *scrubbedError) Unwrap() error { return e.cause() }
