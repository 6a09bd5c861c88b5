package strava

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// reading are the options for JSON that others wrote: one odd name or byte
// must not cost a page of 200 activities.
var reading = json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))

// A mismatchError is sound JSON that is not the document asked for.
type mismatchError string

func (e mismatchError) Error() string { return string(e) }

// decodeObject decodes a body that must be one JSON object.
func decodeObject(body []byte, into any) error {
	if kind := jsontext.Value(body).Kind(); kind != '{' {
		if len(bytes.TrimSpace(body)) == 0 {
			return errors.New("the body is empty")
		}
		return fmt.Errorf("a JSON object was expected, not %s", kindName(kind))
	}
	return quietly(json.Unmarshal(body, into, reading))
}

// decodeList decodes a body that must be one JSON array of objects. convert
// gets each element and its bytes as they came, which it may keep.
func decodeList[W, T any](body []byte, convert func(*W, []byte) (T, error)) ([]T, error) {
	dec := jsontext.NewDecoder(bytes.NewBuffer(body), reading)
	if kind := dec.PeekKind(); kind != '[' {
		if len(bytes.TrimSpace(body)) == 0 {
			return nil, errors.New("the body is empty")
		}
		return nil, fmt.Errorf("a JSON array was expected, not %s", kindName(kind))
	}
	if _, err := dec.ReadToken(); err != nil {
		return nil, quietly(err)
	}
	list := []T{}
	for dec.PeekKind() != ']' {
		value, err := dec.ReadValue()
		if err != nil {
			return nil, quietly(err)
		}
		raw := slices.Clone(value)
		var wire W
		if err := decodeObject(raw, &wire); err != nil {
			return nil, fmt.Errorf("element %d: %w", len(list), err)
		}
		item, err := convert(&wire, raw)
		if err != nil {
			return nil, fmt.Errorf("element %d: %w", len(list), err)
		}
		list = append(list, item)
	}
	if _, err := dec.ReadToken(); err != nil {
		return nil, quietly(err)
	}
	if _, err := dec.ReadToken(); err != io.EOF {
		return nil, errors.New("there is more after the JSON array")
	}
	return list, nil
}

// quietly drops the offending value from a decoding error: it may be a token
// or a sentence of somebody's diary.
func quietly(err error) error {
	if semantic, ok := errors.AsType[*json.SemanticError](err); ok {
		return fmt.Errorf("%s is not expected at %q", kindName(semantic.JSONKind), string(semantic.JSONPointer))
	}
	return err
}

func kindName(k jsontext.Kind) string {
	switch k {
	case 'n':
		return "null"
	case 't', 'f':
		return "true or false"
	case '"':
		return "a text"
	case '0':
		return "a number"
	case '{', '}':
		return "an object"
	case '[', ']':
		return "a list"
	}
	return "something that is no JSON"
}

var errWrongKind = errors.New("wrong JSON type")

// number is a measure or count: 0, 0.0, null, absent, or a text, which counts
// as a number if it is one and as absent otherwise.
type number struct {
	value float64
	known bool
}

func (n *number) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	value, err := dec.ReadValue()
	if err != nil {
		return err
	}
	*n = number{}
	text := string(value)
	switch value.Kind() {
	case 'n':
		return nil
	case '0':
	case '"':
		if text, err = strconv.Unquote(text); err != nil {
			return nil // an escape that Go does not know: no number
		}
	default:
		return &json.SemanticError{JSONKind: value.Kind(), JSONPointer: dec.StackPointer(), Err: errWrongKind}
	}
	if f, err := strconv.ParseFloat(text, 64); err == nil && !math.IsNaN(f) && !math.IsInf(f, 0) {
		*n = number{value: f, known: true}
	}
	return nil
}

// pointer returns nil for an absent number.
func (n number) pointer() *float64 {
	if !n.known {
		return nil
	}
	return &n.value
}

// whole returns the number without its fraction, 0 if absent or too large to
// be exact.
func (n number) whole() int {
	if math.Abs(n.value) > 1<<53 {
		return 0
	}
	return int(n.value)
}

// id is a positive integer up to int64, exactly; 0 stands for everything else.
type id int64

func (i *id) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	value, err := dec.ReadValue()
	if err != nil {
		return err
	}
	*i = 0
	if value.Kind() != '0' {
		return nil
	}
	if n, err := strconv.ParseInt(string(value), 10, 64); err == nil && n > 0 {
		*i = id(n)
	}
	return nil
}

// literal is a number or text as it is written, "" for null.
type literal string

func (l *literal) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	value, err := dec.ReadValue()
	if err != nil {
		return err
	}
	switch value.Kind() {
	case '0':
		*l = literal(value)
	case '"':
		*l = literal(unquote(value))
	default:
		*l = ""
	}
	return nil
}

// instant is an RFC 3339 time, zero if it is null, absent or malformed.
type instant struct{ time.Time }

func (t *instant) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	value, err := dec.ReadValue()
	if err != nil {
		return err
	}
	*t = instant{}
	if value.Kind() != '"' {
		return nil
	}
	if at, err := time.Parse(time.RFC3339, unquote(value)); err == nil {
		t.Time = at.UTC()
	}
	return nil
}

// place is [latitude, longitude], nil if null, empty or anything else.
type place []float64

func (p *place) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	value, err := dec.ReadValue()
	if err != nil {
		return err
	}
	*p = nil
	var numbers []float64
	if json.Unmarshal(value, &numbers, reading) == nil && len(numbers) == 2 {
		*p = numbers
	}
	return nil
}

// label is a text that is "" if it is anything but a text. It is for members
// that nothing depends on.
type label string

func (l *label) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	value, err := dec.ReadValue()
	if err != nil {
		return err
	}
	*l = ""
	if value.Kind() == '"' {
		*l = label(unquote(value))
	}
	return nil
}

func unquote(v jsontext.Value) string {
	// The value comes from a decoder, so it is a sound JSON text.
	b, _ := jsontext.AppendUnquote(nil, v)
	return string(b)
}

// decodeFault returns nil unless the body is an object with a message or
// with errors. Whatever is odd in it is left out.
func decodeFault(body []byte, scrub scrubber) *Fault {
	var wire struct {
		Message label          `json:"message"`
		Errors  jsontext.Value `json:"errors"`
	}
	if decodeObject(body, &wire) != nil {
		return nil
	}
	fault := &Fault{Message: scrub.text(string(wire.Message))}
	var entries []jsontext.Value
	if wire.Errors.Kind() == '[' {
		_ = json.Unmarshal(wire.Errors, &entries, reading)
	}
	for _, entry := range entries {
		var e struct {
			Resource label `json:"resource"`
			Field    label `json:"field"`
			Code     label `json:"code"`
		}
		if decodeObject(entry, &e) == nil {
			fault.Errors = append(fault.Errors, FaultError{
				Resource: scrub.text(string(e.Resource)),
				Field:    scrub.text(string(e.Field)),
				Code:     scrub.text(string(e.Code)),
			})
		}
	}
	if fault.Message == "" && len(fault.Errors) == 0 {
		return nil
	}
	return fault
}
