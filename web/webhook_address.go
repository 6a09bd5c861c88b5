package web

import (
	"encoding/base64"
	"strings"
	"time"

	"musette/store"
	"musette/strava"
)

// MaxCallbackLen is the longest callback address that Strava takes.
const MaxCallbackLen = 255

const callbackSecretBytes = 32

var callbackSecretLen = base64.RawURLEncoding.EncodedLen(callbackSecretBytes)

// A Callback is a new address for Strava's events, with the token by which Strava's validation is told from others.
type Callback struct {
	Address     strava.Secret
	VerifyToken strava.Secret
	Pending     store.Subscription // to be stored before Strava is asked
}

// NewCallback makes an address below a public URL that nobody can guess.
func NewCallback(publicURL string, now time.Time) Callback {
	part, token := secret(callbackSecretBytes), secret(callbackSecretBytes)
	return Callback{
		Address: strava.Secret(publicURL + webhookPrefix + part), VerifyToken: strava.Secret(token),
		Pending: store.Subscription{
			SecretHash: HashKey(part), TokenHash: HashKey(token), PublicURL: publicURL, CreatedAt: now,
		},
	}
}

// CallbackHash returns what [store.Subscription] keeps of the secret in an address; of one that isn't ours, the hash
// of something that no secret can be.
func CallbackHash(address string) [32]byte {
	_, part, _ := strings.Cut(address, webhookPrefix)
	return HashKey(part)
}

// ShortCallback is an address that can be shown: of the last part, which may be secret, only the beginning.
func ShortCallback(address string) string {
	const shown = 4
	address, _, asks := strings.Cut(address, "?")
	_, rest, _ := strings.Cut(address, "://")
	last := rest[strings.LastIndexByte(rest, '/')+1:]
	if len(last) > shown && strings.Contains(rest, "/") {
		return address[:len(address)-len(last)+shown] + "…"
	}
	if asks {
		return address + "?…"
	}
	return address
}
