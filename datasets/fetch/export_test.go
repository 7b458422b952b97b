package fetch

import (
	"testing"
	"time"
)

// RetryAtOnce has downloads that were interrupted be taken up again at once.
func RetryAtOnce() { retryPause = time.Millisecond }

// StalledAfter sets how long a download may bring nothing before it counts as interrupted, until the test ends.
func StalledAfter(t *testing.T, limit time.Duration) {
	before := stalledAfter
	stalledAfter = limit
	t.Cleanup(func() { stalledAfter = before })
}
