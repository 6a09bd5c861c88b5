package musette

import "time"

// A Replaced is a document that another has taken the place of.
type Replaced struct {
	Document
	At time.Time // when it was replaced
}
