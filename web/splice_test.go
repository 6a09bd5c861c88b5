package web

import (
	"bytes"
	"encoding/json"
	"testing"
)

// Cutting and joining somebody else's JSON keeps every value's bytes, and never panics.
func FuzzSplice(f *testing.F) {
	for _, s := range []string{
		`{"id":1,"map":{"id":"a1","polyline":"x","summary_polyline":"y","resource_state":3},"resource_state":3,"name":"\u00e9"}`,
		`{ "id" : 1e400 , "id":"x", "upload_id":987654321234567891234, "map":null }`, `[{"a":[1, 2]},null]`, `{}`, `[]`, `{"a":`, "\xff", `{"` + "\xff" + `":1}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if list, ok := members(body); ok {
			for _, m := range list {
				if !bytes.Contains(body, m.value) {
					t.Fatalf("%q isn't within the document", m.value)
				}
			}
			again, ok := members(joinObject(list))
			if !ok || len(again) != len(list) {
				t.Fatalf("joined again it is %q", joinObject(list))
			}
			for i := range list {
				if !bytes.Equal(again[i].value, list[i].value) {
					t.Fatalf("%q became %q", list[i].value, again[i].value)
				}
			}
			cut, ok := cutDetail(body, nil)
			if !ok || json.Valid(body) && !json.Valid(cut) {
				t.Fatalf("cut down it is %q", cut)
			}
		}
		if list, ok := elements(body); ok {
			again, ok := elements(joinArray(list))
			if !ok || len(again) != len(list) {
				t.Fatalf("joined again it is %q", joinArray(list))
			}
		}
		_ = underSize(body, "600")
	})
}
