package season

import (
	"image/color"
	"math/rand/v2"
)

// rgb is a colour with components from 0 to 255.
type rgb struct{ r, g, b float64 }

func (a rgb) mix(b rgb, t float64) rgb {
	return rgb{a.r + (b.r-a.r)*t, a.g + (b.g-a.g)*t, a.b + (b.b-a.b)*t}
}

func (a rgb) times(b rgb) rgb { return rgb{a.r * b.r / 255, a.g * b.g / 255, a.b * b.b / 255} }

func (a rgb) scale(k float64) rgb { return rgb{a.r * k, a.g * k, a.b * k} }

func (a rgb) rgba() color.RGBA {
	f := func(x float64) uint8 { return uint8(clamp(x+0.5, 0, 255)) }
	return color.RGBA{f(a.r), f(a.g), f(a.b), 255}
}

// light is what the hour does to the colours.
type light struct {
	zenith, middle, horizon rgb
	sun, glow               rgb
	land                    rgb     // what daylight does to the ground
	cloud                   rgb     //
	sunHeight               float64 // above the horizon, as a share of the picture
	sunSize                 float64 // radius, as a share
	glowSize                float64
	night                   bool
}

// lightAt chooses the light of an hour.
func lightAt(hour int, r *rand.Rand) light {
	switch {
	case hour < 5 || hour >= 22:
		return light{
			zenith: rgb{14, 20, 44}, middle: rgb{28, 40, 76}, horizon: rgb{70, 88, 124},
			sun: rgb{240, 240, 228}, glow: rgb{104, 122, 160}, land: rgb{58, 72, 104}, cloud: rgb{52, 64, 98},
			sunHeight: between(r, 0.24, 0.36), sunSize: 0.028, glowSize: 0.3, night: true,
		}
	case hour < 8:
		return light{
			zenith: rgb{96, 138, 190}, middle: rgb{190, 196, 210}, horizon: rgb{255, 216, 184},
			sun: rgb{255, 246, 220}, glow: rgb{255, 206, 150}, land: rgb{226, 206, 200}, cloud: rgb{255, 222, 206},
			sunHeight: between(r, 0.03, 0.1), sunSize: 0.03, glowSize: 0.55,
		}
	case hour < 17:
		return light{
			zenith: rgb{58, 122, 190}, middle: rgb{128, 178, 222}, horizon: rgb{214, 230, 238},
			sun: rgb{255, 253, 240}, glow: rgb{255, 250, 226}, land: rgb{250, 250, 240}, cloud: rgb{250, 251, 253},
			sunHeight: between(r, 0.3, 0.5), sunSize: 0.03, glowSize: 0.4,
		}
	case hour < 20:
		return light{
			zenith: rgb{92, 128, 182}, middle: rgb{206, 190, 186}, horizon: rgb{255, 206, 142},
			sun: rgb{255, 242, 204}, glow: rgb{255, 196, 112}, land: rgb{255, 222, 178}, cloud: rgb{255, 214, 178},
			sunHeight: between(r, 0.05, 0.15), sunSize: 0.032, glowSize: 0.6,
		}
	default:
		return light{
			zenith: rgb{52, 62, 112}, middle: rgb{146, 108, 146}, horizon: rgb{250, 152, 112},
			sun: rgb{255, 226, 176}, glow: rgb{255, 146, 96}, land: rgb{150, 124, 144}, cloud: rgb{226, 136, 132},
			sunHeight: between(r, -0.01, 0.04), sunSize: 0.032, glowSize: 0.65,
		}
	}
}

// soil is the colour of the ground in daylight, lit and in shade.
func soil(s season, near float64, r *rand.Rand) (lit, shade rgb) {
	switch s {
	case spring:
		lit, shade = rgb{142, 184, 92}, rgb{62, 108, 62}
	case summer:
		lit, shade = rgb{168, 178, 88}, rgb{58, 98, 58}
		if r.IntN(3) == 0 {
			lit = rgb{206, 184, 104} // stubble
		}
	case autumn:
		lit, shade = rgb{198, 144, 74}, rgb{104, 74, 50}
		if r.IntN(3) == 0 {
			lit, shade = rgb{152, 146, 76}, rgb{78, 82, 52}
		}
	default:
		lit, shade = rgb{146, 148, 118}, rgb{70, 84, 78}
	}
	return lit.scale(1.02 - 0.1*near), shade.scale(1 - 0.18*near)
}
