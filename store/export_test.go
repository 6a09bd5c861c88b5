package store

// Column is what tests know about a column with a checksum.
type Column struct {
	Table, Name, Kind string
	Key               string // the table's first column
	Summed            bool
}

// Columns returns the columns of all tables that have a way in.
func Columns() []Column {
	kinds := map[kind]string{integer: "integer", real: "real", text: "text", blob: "blob"}
	var list []Column
	for _, t := range tables {
		switch t {
		case tLeases, tZones, tHides, tSubscriptions, tDeletions:
			continue
		}
		for _, c := range t.cols {
			list = append(list, Column{t.name, c.name, kinds[c.kind], t.cols[0].name, !c.unsummed})
		}
	}
	return list
}
