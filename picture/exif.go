package picture

import "encoding/binary"

// upright is the orientation of a picture that needs no turning.
const upright = 1

const tagOrientation = 0x0112

// orientation reads the one thing of a TIFF block, which Exif is, that is needed to show a picture: 1 to 8 as TIFF has
// it, upright where it can't be read.
func orientation(tiff []byte) int {
	if len(tiff) < 8 {
		return upright
	}
	var order binary.ByteOrder
	switch string(tiff[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return upright
	}
	at := uint64(order.Uint32(tiff[4:]))
	if at+2 > uint64(len(tiff)) {
		return upright
	}
	entries := tiff[at+2:]
	for range order.Uint16(tiff[at:]) {
		if len(entries) < 12 {
			return upright
		}
		const short = 3
		if order.Uint16(entries) == tagOrientation && order.Uint16(entries[2:]) == short && order.Uint32(entries[4:]) == 1 {
			if n := int(order.Uint16(entries[8:])); n >= 1 && n <= 8 {
				return n
			}
			return upright
		}
		entries = entries[12:]
	}
	return upright
}

// orientationOnly is a TIFF block that has the orientation and nothing else.
func orientationOnly(n int) []byte {
	return []byte{
		'M', 'M', 0, '*', 0, 0, 0, 8, // the directory is at 8
		0, 1, // with one entry:
		tagOrientation >> 8, tagOrientation & 0xff, 0, 3, 0, 0, 0, 1, 0, byte(n), 0, 0,
		0, 0, 0, 0, // and there is no other
	}
}
