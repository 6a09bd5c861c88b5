package strava_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	jsonx "github.com/go-json-experiment/json"

	"musette/strava"
)

func TestSecretNeverPrints(t *testing.T) {
	const clear = "s3cr3t-s3cr3t"
	secret := strava.Secret(clear)
	holder := struct {
		Token strava.Secret
		List  []strava.Secret
		Map   map[string]strava.Secret
		Ptr   *strava.Secret
	}{secret, []strava.Secret{secret}, map[string]strava.Secret{"key": secret}, &secret}
	grant := strava.Grant{AccessToken: secret, RefreshToken: secret}

	var out strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T", "%10.3s", "%-40v", "% x", "%#q", "%c", "%t"} {
		for _, value := range []any{secret, &secret, holder, &holder, grant, &grant, []any{secret}} {
			fmt.Fprintf(&out, verb+"\n", value)
		}
	}
	fmt.Fprintln(&out, secret, holder, fmt.Errorf("token %v", secret))
	for _, handler := range []slog.Handler{slog.NewJSONHandler(&out, nil), slog.NewTextHandler(&out, nil)} {
		slog.New(handler).Info("x", "secret", secret, "holder", holder, "grant", grant, "ptr", &secret)
	}
	for _, marshal := range []func(any) ([]byte, error){
		json.Marshal, func(v any) ([]byte, error) { return jsonx.Marshal(v) },
	} {
		for _, value := range []any{secret, holder, &grant} {
			text, err := marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			out.Write(text)
		}
	}
	type element struct {
		Token strava.Secret
	}
	text, err := xml.Marshal(element{secret})
	if err != nil {
		t.Fatal(err)
	}
	out.Write(text)

	hex := fmt.Sprintf("%x", clear)
	for _, leak := range []string{clear, clear[:3] + "\n", hex, strings.ToUpper(hex)} {
		if strings.Contains(out.String(), leak) {
			t.Errorf("%q is in %s", leak, out.String())
		}
	}
	if secret.Reveal() != clear {
		t.Error("Reveal does not give the clear text")
	}
}

func TestClientNeverPrintsItsSecret(t *testing.T) {
	c := newClient(t, "http://127.0.0.1:1")
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%c", "%t"} {
		fmt.Fprintf(&out, verb, c)
		fmt.Fprintf(&out, verb, *c)
		fmt.Fprintf(&out, verb, struct{ c *strava.Client }{c})
	}
	wantNoSecret(t, out.String())
}
