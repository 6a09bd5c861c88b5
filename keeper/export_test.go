package keeper

import "time"

// AwayAfter sets how long a database may be silent until it is taken for away.
func (k *Keeper) AwayAfter(d time.Duration) { k.silence = d }
