package picture_test

import (
	"bytes"
	"fmt"
	"image"
	"image/png"

	"musette/picture"
)

func ExampleMake() {
	var photo bytes.Buffer
	_ = png.Encode(&photo, image.NewGray(image.Rect(0, 0, 2048, 1536)))
	forms, err := picture.Make(photo.Bytes())
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, f := range forms {
		fmt.Println(f.Size, f.Type, f.Width, f.Height)
	}
	// Output:
	// 0 image/png 2048 1536
	// 1600 image/jpeg 1600 1200
	// 960 image/jpeg 960 720
	// 480 image/jpeg 480 360
}
