package snapshot

import (
	"errors"
	"fmt"
	"syscall"

	"musette/store"
)

// Why a file can't be used, with [errors.Is]. The error around it names the
// file and the place.
var (
	ErrNotSnapshot = errors.New("this is no Musette snapshot")
	ErrNewer       = errors.New("this snapshot was written by a newer Musette")
	ErrCutShort    = errors.New("the snapshot is cut short")
	ErrAltered     = errors.New("the snapshot is not what was written")
	ErrNone        = errors.New("there is no snapshot that can be used")
)

// refuse is an error of one of the kinds above.
func refuse(kind error, format string, args ...any) error {
	return fmt.Errorf("%w (%s)", kind, fmt.Sprintf(format, args...))
}

// writeError says what a failed write means. A full disk is store.ErrDiskFull.
func writeError(dir string, err error) error {
	for _, full := range []error{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG} {
		if errors.Is(err, full) {
			return fmt.Errorf("no snapshot was written to %s, older ones and the data are as they were; free some space: %w: %w",
				dir, store.ErrDiskFull, full)
		}
	}
	return fmt.Errorf("no snapshot was written to %s, older ones and the data are as they were: %w", dir, err)
}
