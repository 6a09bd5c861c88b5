package simulate

// Forgetful makes a mirror whose processes don't know what those before them have called.
func (c *Chaos) Forgetful() { c.forgetful = true }
