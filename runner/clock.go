package runner

import (
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// suspended is how long the machine has slept since boot: CLOCK_BOOTTIME goes
// on then and CLOCK_MONOTONIC, by which everything here is timed, does not.
func suspended() time.Duration {
	var boot, monotonic unix.Timespec
	if unix.ClockGettime(unix.CLOCK_BOOTTIME, &boot) != nil || unix.ClockGettime(unix.CLOCK_MONOTONIC, &monotonic) != nil {
		return 0
	}
	return time.Duration(boot.Nano() - monotonic.Nano())
}

// activeClock counts the time since baseline for which the target was not
// parked: the time axis of a trial.
type activeClock struct {
	mu      sync.Mutex
	started time.Time
	parked  time.Duration // in all, without the present one
	since   time.Time     // start of the present parking; zero while running
}

// start begins at 0; the target is about to run.
func (c *activeClock) start() {
	c.mu.Lock()
	c.started, c.parked, c.since = time.Now(), 0, time.Time{}
	c.mu.Unlock()
}

// park stops the clock at the time given.
func (c *activeClock) park(at time.Time) {
	c.mu.Lock()
	c.since = at
	c.mu.Unlock()
}

// resume lets it go on, now.
func (c *activeClock) resume() {
	c.mu.Lock()
	if !c.since.IsZero() {
		c.parked += time.Since(c.since)
		c.since = time.Time{}
	}
	c.mu.Unlock()
}

// now is the active time in seconds, and whether the clock runs.
func (c *activeClock) now() (seconds float64, running bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.started.IsZero() {
		return 0, false
	}
	at := c.since
	if at.IsZero() {
		at = time.Now()
	}
	return (at.Sub(c.started) - c.parked).Seconds(), c.since.IsZero()
}
