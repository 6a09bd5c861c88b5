package season

const hospice = "Marsh Lane Hospice"

type chronicle struct{ live bool }

func newChronicle(m *maker) *chronicle                { return &chronicle{} }
func (c *chronicle) tell(a Activity, s slot) Activity { a.Name = a.SportType; return a }
func friends(seed uint64) []Person                    { return nil }
