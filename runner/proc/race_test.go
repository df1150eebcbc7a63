//go:build race

package proc

// raceDetector says that buffers escape to the heap for the race detector.
const raceDetector = true
