package token

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
)

// A sealed text is a version byte, the fingerprint of its key, and what
// AES-256-GCM made of the pair, random nonce first.
const (
	sealVersion  = 1
	keyPrintSize = 8
	sealHeader   = 1 + keyPrintSize
)

var (
	errOtherKey = errors.New("it was sealed with another key")
	errDamaged  = errors.New("the sealed text is damaged")
)

// A sealer seals pairs for the grants they belong to. It holds the key only
// inside the cipher, out of fmt's reach.
type sealer struct {
	aead   cipher.AEAD
	header []byte // of every sealed text
}

func newSealer(key Key) (*sealer, error) {
	if key == (Key{}) {
		return nil, errors.New("token: the key is missing")
	}
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, fmt.Errorf("token: %w", err)
	}
	// 2^32 seals are safe with one key and random nonces; one refresh an hour
	// for 1,000 athletes takes 490 years to get there.
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("token: %w", err)
	}
	mac := hmac.New(sha256.New, key[:])
	mac.Write([]byte("musette token key fingerprint"))
	return &sealer{aead, append([]byte{sealVersion}, mac.Sum(nil)[:keyPrintSize]...)}, nil
}

// bound is the associated data: a sealed text opens only for the grant, the
// version and the key it names.
func (s *sealer) bound(grantID string, header []byte) []byte {
	return slices.Concat([]byte("musette grant\x00"), header, []byte(grantID))
}

func (s *sealer) seal(grantID string, clear []byte) []byte {
	return s.aead.Seal(slices.Clone(s.header), nil, clear, s.bound(grantID, s.header))
}

// open returns errOtherKey or errDamaged for what it can't open.
func (s *sealer) open(grantID string, sealed []byte) ([]byte, error) {
	if len(sealed) <= sealHeader || sealed[0] != sealVersion {
		return nil, errDamaged
	}
	header := sealed[:sealHeader]
	if !slices.Equal(header, s.header) {
		return nil, errOtherKey
	}
	clear, err := s.aead.Open(nil, nil, sealed[sealHeader:], s.bound(grantID, header))
	if err != nil {
		return nil, errDamaged
	}
	return clear, nil
}
