package fetch

import "time"

// Impatient has downloads that bring nothing count as interrupted soon, and taken up again at once.
func Impatient() { retryPause, stalledAfter = time.Millisecond, 200*time.Millisecond }
