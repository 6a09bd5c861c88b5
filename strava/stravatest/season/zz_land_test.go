package season

import (
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"os"
	"testing"
	"time"
)

func TestZZLand(t *testing.T) {
	seeds := []uint64{PhotoSeed(1, 5, 8), PhotoSeed(2, 7, 13), PhotoSeed(3, 10, 18), PhotoSeed(4, 1, 10), PhotoSeed(5, 9, 20), PhotoSeed(6, 6, 23), PhotoSeed(17, 4, 15), PhotoSeed(28, 10, 7), PhotoSeed(39, 12, 12)}
	if os.Getenv("ZZ") != "" {
		seeds = nil
		for i := range uint64(9) {
			seeds = append(seeds, PhotoSeed(100+i, int(hash(i)%12), int(6+hash(i, 2)%15)))
		}
	}
	sheet := image.NewRGBA(image.Rect(0, 0, 3*768, 3*512))
	for i, s := range seeds {
		im := Landscape(s, 768, 512)
		draw.Draw(sheet, image.Rect(i%3*768, i/3*512, i%3*768+764, i/3*512+508), im, image.Point{}, draw.Src)
	}
	f, _ := os.Create("/tmp/land.png")
	png.Encode(f, sheet)
	f.Close()
	for i := range 4 {
		t0 := time.Now()
		Landscape(seeds[i], 1536, 1152)
		t1 := time.Now()
		b := JPEG(seeds[i], 1536, 1152)
		fmt.Println(t1.Sub(t0), time.Since(t1), len(b))
	}
}
