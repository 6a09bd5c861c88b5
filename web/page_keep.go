package web

import "sync"

// keep remembers up to limit values by what they were made of, and forgets all of them when it is full: what is in
// use is soon back.
type keep[K comparable, V any] struct {
	limit int

	mu     sync.Mutex
	values map[K]V
}

// get returns the value of k, made if it isn't here. Two callers may make the same value, which harms nobody.
func (k *keep[K, V]) get(key K, make func() V) V {
	k.mu.Lock()
	v, ok := k.values[key]
	k.mu.Unlock()
	if ok {
		return v
	}
	v = make()
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.values == nil || len(k.values) >= k.limit {
		k.values = map[K]V{}
	}
	k.values[key] = v
	return v
}
