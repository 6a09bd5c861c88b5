package season

import (
	"math"
	"math/rand/v2"
)

// source is the stream of random numbers that belongs to a purpose: the same
// seed and labels give the same numbers, whatever was drawn elsewhere.
func source(seed uint64, labels ...uint64) *rand.Rand {
	return rand.New(rand.NewPCG(hash(seed, labels...), 0x9e3779b97f4a7c15))
}

// hash mixes the seed with the labels (splitmix64).
func hash(seed uint64, labels ...uint64) uint64 {
	h := mix(seed + 0x9e3779b97f4a7c15)
	for _, l := range labels {
		h = mix(h ^ mix(l+0x9e3779b97f4a7c15))
	}
	return h
}

func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

func chance(r *rand.Rand, p float64) bool { return r.Float64() < p }

func between(r *rand.Rand, low, high float64) float64 { return low + (high-low)*r.Float64() }

// round keeps the given number of steps per unit. Everything that leaves a
// stage of the work is rounded, so that the last bits of floating point, which
// differ between processors, never reach a result.
func round(x, perUnit float64) float64 { return math.Round(x*perUnit) / perUnit }

func clamp(x, low, high float64) float64 { return min(max(x, low), high) }

// smoothstep rises from 0 at x <= 0 to 1 at x >= 1, level at both ends.
func smoothstep(x float64) float64 {
	x = clamp(x, 0, 1)
	return x * x * x * (x*(x*6-15) + 10)
}
